"""Looking for words in what was said."""

from collections.abc import Generator
from typing import Any

from tcpchat.chat.access import NOTHING, readable
from tcpchat.chat.rules.history import END_OF_TIME, page_of, readable_log
from tcpchat.chat.rules.rule import Rule, Table
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records
from tcpchat.model.commands import Search
from tcpchat.model.phrases import phrases
from tcpchat.model.records import Hits, Since, Span
from tcpchat.model.replies import Found, Refused


def search(state: State, user: User, wish: Search) -> Rule:
    """In what one may read, and nowhere else.

    One more entry than wanted is looked for, to know whether there are more.
    """
    wanted = phrases(wish.words)
    if not wanted:
        raise Refused("no_words", "There is nothing to look for: give at least one word.")
    logs = yield from _logs(state, user, wish.target)
    limit = max(1, min(wish.limit, state.config.limits.history_page))
    by = names.fold(wish.by) if wish.by else ""
    hits: Hits = yield records.Search(logs, wanted, limit + 1, by, _in_time(wish.after), _in_time(wish.before))
    page = page_of(hits.events, limit)
    return Found(events=page, more=len(page) < len(hits.events), complete=hits.complete)


def _logs(state: State, user: User, target: str) -> Generator[records.Wish, Any, dict[str, int]]:
    """The logs that are looked through, and the number of the first entry in each that somebody may read."""
    if target:
        _, log, first = readable_log(state, user, target)
        return {log: first}
    talks: list[Span] = yield Since(user.party, "")
    logs = [*user.rooms, *(talk.log for talk in talks)]  # looked at now: one may be in other rooms by now
    return {log: readable(user, log) or NOTHING for log in logs}


def _in_time(time: int | None) -> int | None:
    return None if time is None else max(0, min(time, END_OF_TIME))


RULES: Table = {
    Search: search,
}
