"""What RPL_ISUPPORT tells a client about this server (modern.ircdocs.horse, "RPL_ISUPPORT Parameters")."""

from tcpchat.config import Config
from tcpchat.model import names

MOST_TOKENS_A_LINE = 13


def tokens(config: Config) -> list[str]:
    """The tokens in the order in which they are sent."""
    limits = config.limits
    return [
        f"AWAYLEN={limits.reason_bytes}",
        f"CASEMAPPING={names.CASEMAPPING}",
        f"CHANLIMIT=#&:{limits.rooms_per_client}",
        "CHANMODES=,,,n",
        f"CHANNELLEN={names.ROOM_MOST_CHARACTERS}",
        "CHANTYPES=#&",
        "CLIENTTAGDENY=*",
        f"NETWORK={config.network}",
        f"NICKLEN={names.NICK_MOST_CHARACTERS}",
        "PREFIX=",
        f"TOPICLEN={limits.topic_bytes}",
        "USERLEN=12",
        "UTF8ONLY",
    ]


def lines(config: Config) -> list[list[str]]:
    """The same, at most 13 to a line."""
    every = tokens(config)
    return [every[start : start + MOST_TOKENS_A_LINE] for start in range(0, len(every), MOST_TOKENS_A_LINE)]
