"""Lines of every kind, by the million, into a whole chat: see `fuzz_lines.py`."""
