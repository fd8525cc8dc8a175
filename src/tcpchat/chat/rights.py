"""What only some may ask for, and the right that each of these commands needs.

Whoever has none of it is refused, and so is everybody where a command that is for operators has no entry here: what
was forgotten is closed. `config.RIGHTS` says what each right is. Administrators may do all of it.
"""

from collections.abc import Mapping

from tcpchat.model.commands import (
    Ban,
    ChangeHost,
    Command,
    Kill,
    ListBans,
    ListInvitationsGiven,
    MakeInvitation,
    RegisterOther,
    Rehash,
    RevokeInvitation,
    Unban,
    Wallops,
)

IN_ROOMS = "rooms"
"""To decide about rooms that have no operator of their own."""

SEES = "see"
"""To see where people come from, and rooms that are secret."""

NEEDED: Mapping[type[Command], str] = {
    Kill: "kill",
    Ban: "ban",
    Unban: "ban",
    ListBans: "ban",
    Wallops: "wallops",
    ChangeHost: "hosts",
    RegisterOther: "accounts",
    MakeInvitation: "accounts",
    ListInvitationsGiven: "accounts",
    RevokeInvitation: "accounts",
    Rehash: "rehash",
}
