"""Rules: one small function per command. A rule looks, decides, and yields what should be recorded.

A rule is a generator. It yields a `Wish` and is sent what came of it; it returns the reply, or raises `Refused`.
It changes nothing: only effects do.
"""
