"""What the tests of attacks share."""

from tests.security.places import come

__all__ = ["come"]
