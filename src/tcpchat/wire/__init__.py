"""Dialects: bytes into commands, events into bytes. None has a socket, and none ever waits."""
