"""The library for programs that chat."""
