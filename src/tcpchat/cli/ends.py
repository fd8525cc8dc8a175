"""How a run of ``tcpchat-client`` ends, for scripts: what each exit code means, and which one a refusal is."""

from tcpchat.model.errors import EX_DATAERR, EX_NOPERM, EX_TEMPFAIL
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


def exit_code(refusal: Refused) -> int:
    """That of a wish which was not granted."""
    return _CODES.get(refusal.code, EX_DATAERR)


_LATER = ("not_stored", "busy", "too_many_tries", "too_fast", "too_soon")
"""What may be granted a moment later."""

_WHO_ONE_IS = ("wrong_password", "wrong_certificate", "suspended", "insecure")
"""What stays as it is, until who asks can prove more."""

_CODES = dict.fromkeys(_LATER, EX_TEMPFAIL) | dict.fromkeys(_WHO_ONE_IS, EX_NOPERM)
