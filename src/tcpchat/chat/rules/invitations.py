"""Invitations to the server: tokens that let their holders register where not everybody may."""

from collections.abc import Generator
from math import isfinite
from time import time
from typing import Any

from msgspec.structs import replace

from tcpchat.chat import invitation as kept
from tcpchat.chat.rules.login import Asker
from tcpchat.chat.rules.rule import Rule, Table, entitled
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import records
from tcpchat.model.commands import ListInvitationsGiven, MakeInvitation, RevokeInvitation
from tcpchat.model.records import Attempt, Collect, Count, Document
from tcpchat.model.replies import Done, Given, InvitationReply, InvitationsGiven, Refused

Doing = Generator[records.Wish, Any, None]

ADMINISTRATOR = "an administrator"
MOST_USES = 10_000
MOST_DAYS = 3_660
DAY = 86_400_000


def check(state: State, token: str) -> Doing:
    """Look whether somebody may register who has this token, or none.

    :raises Refused: if not.
    """
    if state.config.registration == "closed":
        raise Refused("registration_closed", "Who runs this server makes the accounts here. Ask them for one.")
    if state.config.registration == "open":
        return
    if not token:
        raise Refused("need_invitation", "Only who was invited has an account here: an invitation's token is needed.")
    yield Attempt("an invitation")
    if kept.opened((yield kept.wanted(kept.key(token))), _now()) is None:
        yield Count("an invitation")
        raise _no_invitation()


def used(state: State, token: str, doing: Doing) -> Doing:
    """Do something with an invitation, which is used up first. What comes to nothing gives it back.

    :raises Refused: if others used it up meanwhile; or whatever comes of what was to be done.
    """
    if state.config.registration != "invited":
        yield from doing
        return
    yield from _count(token, -1)
    try:
        yield from doing
    except Refused:
        yield from _count(token, 1)
        raise


def make_invitation(state: State, asker: Asker, wish: MakeInvitation) -> Rule:
    """The token is told once, and only its digest kept."""
    entitled(asker, wish)
    if not 1 <= wish.uses <= MOST_USES:
        raise Refused("bad_invitation", f"An invitation can be used between 1 and {MOST_USES:,} times.")
    if not isfinite(wish.days) or not 0 < wish.days <= MOST_DAYS:
        raise Refused("bad_invitation", f"An invitation lasts more than 0 and at most {MOST_DAYS:,} days.")
    if len((yield from _given())) >= state.config.limits.invitations:
        raise Refused("too_many_invitations", "Too many invitations can still be used. Take some of them back.")
    token, by = kept.token(), asker.account or asker.nick if isinstance(asker, User) else ADMINISTRATOR
    invitation = kept.Invitation(uses=wish.uses, expires=_now() + int(wish.days * DAY), by=by)
    yield kept.stored(kept.key(token), invitation, 0)
    return InvitationReply(token=token, uses=invitation.uses, expires=invitation.expires)


def list_invitations_given(state: State, asker: Asker, wish: ListInvitationsGiven) -> Rule:
    """Those of everybody. The tokens themselves are known to nobody but their holders."""
    entitled(asker, wish)
    given = yield from _given()
    return InvitationsGiven(
        invitations=[
            Given(invitation=key[: kept.SHOWN_CHARACTERS], by=one.by, uses=one.uses, expires=one.expires)
            for key, (one, _) in sorted(given.items(), key=lambda item: item[1][0].expires)
        ]
    )


def revoke_invitation(state: State, asker: Asker, wish: RevokeInvitation) -> Rule:
    """By what it is called in the list, or by the token itself."""
    entitled(asker, wish)
    wanted = wish.invitation.strip().lower()
    given = yield from _given()
    keys = [key for key in given if wanted in {key, key[: kept.SHOWN_CHARACTERS]} or key == kept.key(wanted)]
    if not keys:
        raise Refused("no_such_invitation", "There is no such invitation.", about=wish.invitation[:80])
    for key in keys:
        yield kept.stored(key, None, given[key][1])
    return Done()


def _given() -> Generator[records.Wish, Any, dict[str, tuple[kept.Invitation, int]]]:
    """Those that can be used, by their digests, and the revisions of their documents. The others are forgotten."""
    documents: dict[str, Document] = yield Collect(kept.SPACE)
    given = {}
    for key, document in documents.items():
        if (invitation := kept.opened(document, _now())) is not None:
            given[key] = invitation, document.revision
        elif document.value:
            yield kept.stored(key, None, document.revision)
    return given


def _count(token: str, change: int) -> Doing:
    """It can be used once more, or once less. Of those who try at the same time one comes first."""
    key, stored = kept.key(token), None
    while stored is None:
        document: Document = yield kept.wanted(key)
        invitation = kept.opened(document, _now()) if change < 0 else kept.read(document)
        if invitation is None and change < 0:
            raise _no_invitation()
        if invitation is None:  # it was taken back meanwhile
            return
        stored = yield kept.stored(key, replace(invitation, uses=invitation.uses + change), document.revision)


def _no_invitation() -> Refused:
    return Refused("bad_invitation", "That invitation is unknown, used up, or too old.")


def _now() -> int:
    return int(time() * 1_000)


RULES: Table = {
    MakeInvitation: make_invitation,
    ListInvitationsGiven: list_invitations_given,
    RevokeInvitation: revoke_invitation,
}
