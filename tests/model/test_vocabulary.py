"""The vocabulary on the wire, and where things are kept."""

from tcpchat.model import commands, events, records, replies
from tcpchat.model.commands import tag_of


def test_a_struct_is_called_by_its_name_in_small_letters() -> None:
    assert [tag_of(name) for name in ("Say", "SetTopic", "ListPeople")] == ["say", "set_topic", "list_people"]


def test_no_two_structs_of_one_kind_are_called_the_same() -> None:
    for vocabulary in (commands.ANY, events.ANY, replies.ANY):
        tags = [kind.__struct_config__.tag for kind in vocabulary.__args__]
        assert len(set(tags)) == len(tags)


def test_every_struct_of_the_vocabulary_is_in_its_union() -> None:
    for module, base in ((commands, commands.Command), (events, events.Event), (replies, replies.Reply)):
        structs = {kind for kind in base.__subclasses__() if kind.__module__ == module.__name__}
        assert set(module.ANY.__args__) == structs


def test_what_is_said_in_a_room_is_kept_under_its_folded_name() -> None:
    assert records.log_of(events.Said(room="#Tea", by="ann", text="x")) == "#tea"
    assert records.log_of(events.TopicSet(room="#Tea", by="ann", topic="x")) == "#tea"


def test_what_is_said_between_two_is_kept_under_both_names() -> None:
    there, back = events.Told(to="Bob", by="ann", text="x"), events.Told(to="Ann", by="bob", text="x")
    assert records.log_of(there) == records.log_of(back) == "@ann,bob"


def test_no_seat_is_called_like_another() -> None:
    assert len({records.seat("#a", "1"), records.seat("#a", "2"), records.seat("#a1", "2"), records.nick("#a 1")}) == 4
