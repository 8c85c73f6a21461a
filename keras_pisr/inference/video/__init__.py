"""Videos in and out, frame by frame, with sound and subtitles copied."""
