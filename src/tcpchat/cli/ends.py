"""How a run of ``tcpchat-client`` ends: signals, what each exit code means to scripts, and which one a refusal is."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import click

from tcpchat.model.errors import EX_DATAERR, EX_IOERR, EX_NOPERM, EX_TEMPFAIL, EX_UNAVAILABLE, CannotStart, in_words
from tcpchat.model.replies import Refused

EXPLAINED = """\b
Exit codes:
   0  it is done; what was said is on the server's disk
   1  search: nothing was found
  64  the options or arguments are wrong
  65  the server refused it, and says why
  68  there is no host of that name
  69  the server cannot be reached, or lets nobody in
  74  the terminal, or a file, cannot be read or written
  75  not stored, or not known to be: try again, with the same --key
  76  that is not our protocol: no chat there, or TLS where there is none
  77  wrong password, or it may be another server than one thinks
  78  the settings in client.toml, or a certificate of one's own, are wrong
 130  Ctrl-C"""


class Signal:
    """The first signal ends the task that makes one of these, in good order; after it there is only the way out."""

    def __init__(self) -> None:
        self.number = 0
        """Which one it was; 0: there was none."""
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            with contextlib.suppress(NotImplementedError, AttributeError):  # Windows
                loop.add_signal_handler(getattr(signal, name), self._caught, getattr(signal, name))

    @property
    def exit_code(self) -> int:
        """What a shell makes of it."""
        return 128 + self.number

    def _caught(self, number: int) -> None:
        self.number = number
        self._task.cancel()


def run(errand: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    """Do what a command is for, say in one sentence why it could not be done, and end with the code of that."""
    from tcpchat.cli.streams import have_three_files, left_as_found

    have_three_files()
    try:
        with left_as_found():
            code, text = asyncio.run(_ended(errand()))
    except CannotStart as error:  # not even the settings could be read
        code, text = error.exit_code, str(error)
    except KeyboardInterrupt:
        code, text = 128 + signal.SIGINT, ""
    end(code, text)


def end(code: int, text: str) -> NoReturn:
    """Say why, if there is something to say, and end."""
    from tcpchat.cli.streams import discard_unwritable

    if text:
        warn(text)
    discard_unwritable()
    sys.exit(code)


def warn(text: str) -> None:
    """A sentence that does not belong to what was asked for."""
    click.echo(f"tcpchat-client: {text}", err=True)


def exit_code(refusal: Refused) -> int:
    """That of a wish which was not granted."""
    return _CODES.get(refusal.code, EX_DATAERR)


async def _ended(errand: Coroutine[Any, Any, int]) -> tuple[int, str]:
    """The exit code, and what there is to say about it."""
    from tcpchat.cli.printer import OutputClosed
    from tcpchat.client.trouble import CannotConnect

    caught = Signal()
    try:
        return await errand, ""
    except Refused as refusal:
        return exit_code(refusal), refusal.text
    except (CannotStart, CannotConnect) as error:
        return error.exit_code, str(error)
    except OutputClosed:  # who reads has had enough
        return 0, ""
    except asyncio.CancelledError:
        return caught.exit_code, ""
    except ConnectionError as error:
        return EX_UNAVAILABLE, str(error)
    except OSError as error:
        return EX_IOERR, f"It broke off: {in_words(error)}."


_LATER = ("not_stored", "busy", "too_many_tries", "too_fast", "too_soon")
"""What may be granted a moment later."""

_WHO_ONE_IS = ("wrong_password", "wrong_certificate", "suspended", "insecure")
"""What stays as it is, until who asks can prove more."""

_CODES = dict.fromkeys(_LATER, EX_TEMPFAIL) | dict.fromkeys(_WHO_ONE_IS, EX_NOPERM)
