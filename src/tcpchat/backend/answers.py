"""What all backends agree on in answering questions."""

from collections.abc import Iterable

from tcpchat.model import names, records
from tcpchat.model.events import LOGGED, Said, Told
from tcpchat.model.phrases import stand_in
from tcpchat.model.records import Latest


def within(wish: Latest, events: Iterable[LOGGED]) -> list[LOGGED]:
    """Of the latest entries of several logs those in the span of time, in the order of their times.

    If there are too many, those next to `after`, which may be the later end of the span.
    """
    low, high = sorted((wish.after, wish.before))
    found = sorted((event for event in events if low < event.time < high), key=lambda event: event.time)
    return found[: wish.limit] if wish.after <= wish.before else found[-wish.limit :]


def is_wanted(event: LOGGED, wish: records.Search) -> bool:
    """Whether an entry is what is looked for, whatever log it is in."""
    return (
        isinstance(event, Said | Told)
        and not event.redacted
        and (not wish.by or names.fold(event.by) == wish.by)
        and (wish.after is None or event.time > wish.after)
        and (wish.before is None or event.time < wish.before)
        and stand_in(wish.phrases, event.text)
    )
