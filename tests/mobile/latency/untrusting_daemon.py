"""A phone that has not been told to trust this computer: `python untrusting_daemon.py HOST:PORT`.

Answers every greeting and every signature of adb's protocol with another question for one, as
Android does until its user accepts the computer. Messages are six little-endian 32-bit words
(command, two arguments, length, sum, inverted command) and data.
"""

import socket
import struct
import sys
import threading

SIGNATURE = 2


def question():
    """An AUTH message that asks for a signature of twenty bytes."""
    command = int.from_bytes(b"AUTH", "little")
    return struct.pack("<6I", command, 1, 0, 20, 0, command ^ 0xFFFFFFFF) + bytes(20)


def serve(connection):
    """Ask again and again."""
    stream = connection.makefile("rb")
    while header := stream.read(24):
        command, argument, _, length, _, _ = struct.unpack("<6I", header)
        stream.read(length)
        name = command.to_bytes(4, "little")
        if name == b"CNXN" or (name == b"AUTH" and argument == SIGNATURE):
            connection.sendall(question())


if __name__ == "__main__":
    host, _, port = sys.argv[1].partition(":")
    listener = socket.create_server((host, int(port)))
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
