"""The full screen: rooms, messages, people and a line to type, drawn by Textual. An extra: ``tcpchat[tui]``."""

from importlib.util import find_spec

from tcpchat.model.errors import EX_CONFIG, CannotStart


def have_textual() -> bool:
    """Whether it can be drawn.

    :raises CannotStart: if not, with what to do.
    """
    if find_spec("textual") is None:
        raise CannotStart("The full screen is an extra. Type: pip install 'tcpchat[tui]'", EX_CONFIG)
    return True
