"""A server that people come to, talk in, leave and attack for long: it must not grow. See `soak.py`."""
