"""When each frame is shown, also if the container does not say it."""

import heapq


class FrameTimes:
    """Times of frames, in the order in which they are shown.

    AVI has no presentation times: a frame that is stored late, because others refer to it, has the
    time of its place in the file. The set of times is right, however. The decoder gives the frames
    in order, so in AVI they get the times in order.

    Args:
        container: FFmpeg's name of the container.

    Example:
        >>> times = FrameTimes("avi")
        >>> for stored in (0, 1, 2):
        ...     times.packet(stored)
        >>> [times.frame(time) for time in (0, 2, 1)]
        [0, 1, 2]
    """

    def __init__(self, container):
        self._sorted = [] if container == "avi" else None
        self._last = None

    def packet(self, time):
        """Note the time of a packet, in the order of the file."""
        if self._sorted is not None and time is not None:
            heapq.heappush(self._sorted, time)

    def frame(self, time):
        """The time of the next frame, whose own time is `time`.

        Raises:
            ValueError: If it has no time, or a time before that of the previous frame.
        """
        if self._sorted is not None:
            # There may be more frames than packets, because a packet may hold two frames.
            time = heapq.heappop(self._sorted) if self._sorted else (self._last or 0) + 1
        if time is None:
            raise ValueError("A frame has no time; put the video into another container first.")
        if self._last is not None and time <= self._last:
            raise ValueError(
                "The times of the frames are not in order; put the video into another container "
                "first."
            )
        self._last = time
        return time
