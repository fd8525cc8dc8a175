"""What RPL_ISUPPORT tells a client about this server (modern.ircdocs.horse, "RPL_ISUPPORT Parameters")."""

from collections.abc import Iterator
from functools import lru_cache

from tcpchat.config import Limits
from tcpchat.model import names
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.topic import Context

MOST_TOKENS_A_LINE = 13

MOST_MODE_CHANGES = 50
MOST_KEY_BYTES = 64
MOST_NAME_CHARACTERS = 120
MOST_USER_CHARACTERS = 12

MOST_TARGETS = 20
"""Of one message."""


def tokens(limits: Limits, network: str) -> list[str]:
    """The tokens in the order in which they are sent."""
    return [
        "ACCOUNTEXTBAN=a",
        f"AWAYLEN={limits.reason_bytes}",
        "BOT=B",
        f"CASEMAPPING={names.CASEMAPPING}",
        f"CHANLIMIT=#&:{limits.rooms_per_client}",
        "CHANMODES=Ibe,k,dl,CMRimnst",
        f"CHANNELLEN={names.ROOM_MOST_CHARACTERS}",
        "CHANTYPES=#&",
        f"CHATHISTORY={limits.history_page}",
        "ELIST=CMNTU",
        "EXCEPTS=e",
        "EXTBAN=~,am",
        f"HOSTLEN={names.NICK_MOST_CHARACTERS * 2}",
        "INVEX=I",
        f"KEYLEN={MOST_KEY_BYTES}",
        f"KICKLEN={limits.reason_bytes}",
        f"MAXLIST=Ibe:{limits.masks}",
        f"MODES={MOST_MODE_CHANGES}",
        f"MONITOR={limits.watched}",
        "MSGREFTYPES=msgid,timestamp",
        f"NAMELEN={MOST_NAME_CHARACTERS}",
        f"NETWORK={_escaped(network)}",
        f"NICKLEN={names.NICK_MOST_CHARACTERS}",
        "PREFIX=(ov)@+",
        "SAFELIST",
        "STATUSMSG=@+",
        f"TARGMAX=JOIN:,KICK:,LIST:,NAMES:1,NOTICE:{MOST_TARGETS},PART:,PRIVMSG:{MOST_TARGETS},TAGMSG:{MOST_TARGETS},WHOIS:1",
        f"TOPICLEN={limits.topic_bytes}",
        f"USERLEN={MOST_USER_CHARACTERS}",
        "UTF8ONLY",
        "WHOX",
    ]


def _escaped(value: str) -> str:
    """A value of a token has no space, no equals sign, no backslash (modern.ircdocs.horse, "RPL_ISUPPORT")."""
    return "".join(f"\\x{ord(c):02X}" if c in " =\\" else c for c in value)


@lru_cache(maxsize=4)
def lines(limits: Limits, network: str) -> list[list[str]]:
    """The same, at most 13 to a line."""
    every = tokens(limits, network)
    return [every[start : start + MOST_TOKENS_A_LINE] for start in range(0, len(every), MOST_TOKENS_A_LINE)]


def written(context: Context) -> Iterator[bytes]:
    """The lines as a client is sent them."""
    for tokens in lines(context.config.limits, context.config.network):
        yield context.numeric(numerics.RPL_ISUPPORT, *tokens, last="are supported by this server")
