"""The vocabulary on the wire, and where things are kept."""

import pytest

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
    assert records.log_of(events.ModesSet(room="#Tea", by="ann", changes=[])) == "#tea"
    assert records.log_of(events.Kicked(room="#Tea", by="ann", nick="bob")) == "#tea"
    assert records.log_of(events.Redacted(room="#Tea", by="ann", of="a-1")) == "#tea"
    assert records.log_of(events.Tagged(room="#Tea", by="ann", tags={})) == "#tea"


@pytest.mark.parametrize("status", ["@", "+"])
def test_what_only_some_of_a_room_are_told_has_a_log_of_its_own(status: str) -> None:
    said = events.Said(room="#Tea", by="ann", text="x", status=status)
    assert records.log_of(said) == records.log_of(events.Tagged(room="#tea", by="ann", tags={}, status=status))
    assert records.log_of(said) == f"{status}#tea"
    assert records.log_of(events.Redacted(room="#Tea", by="ann", of="a-1", status=status)) == f"{status}#tea"
    assert records.parties(f"{status}#tea") == []


def test_a_renaming_is_kept_under_the_new_name() -> None:
    assert records.log_of(events.RoomRenamed(room="#Tea", by="ann", to="#Milk")) == "#milk"


def test_what_is_said_between_two_is_kept_in_the_log_it_names() -> None:
    talk = records.conversation(records.party("Ann", ""), records.party("", "1"))
    there, back = (
        events.Told(to="Bob", by="ann", text="x", talk=talk),
        events.Told(to="Ann", by="bob", text="x", talk=talk),
    )
    assert records.log_of(there) == records.log_of(back) == talk
    assert records.log_of(events.Redacted(to="Bob", by="ann", of="a-1", talk=talk)) == talk
    assert records.log_of(events.Tagged(to="Bob", by="ann", tags={}, talk=talk)) == talk


def test_a_conversation_has_one_name_whoever_begins_it() -> None:
    ann, bob = records.party("Ann", "1"), records.party("", "2")
    assert records.conversation(ann, bob) == records.conversation(bob, ann)
    assert records.conversation(ann, ann) != records.conversation(ann, bob)


def test_who_has_an_account_is_the_same_in_any_spelling_and_on_any_connection() -> None:
    assert records.party("Ann", "1") == records.party("ann", "2")
    assert len({records.party("", "1"), records.party("", "2"), records.party("1", "2"), records.party("2", "1")}) == 4


def test_a_conversation_tells_who_takes_part_in_it() -> None:
    ann, bob = records.party("Ann", "1"), records.party("", "2")
    assert set(records.parties(records.conversation(ann, bob))) == {ann, bob}
    assert records.parties("#tea") == []


def test_an_entry_of_a_renamed_room_has_the_name_that_the_room_has_now() -> None:
    said = events.Said(room="#Tea", by="ann", text="x")
    assert records.as_now(said, "#milk") == events.Said(room="#milk", by="ann", text="x")
    assert records.as_now(said, "#tea") == said
    told = events.Told(to="bob", by="ann", text="x", talk="@~1,~2")
    assert records.as_now(told, "@~1,~2") == told
    renamed = events.RoomRenamed(room="#tea", by="ann", to="#milk")
    assert records.as_now(renamed, "#milk") == renamed


def test_no_seat_is_called_like_another() -> None:
    assert len({records.seat("#a", "1"), records.seat("#a", "2"), records.seat("#a1", "2"), records.nick("#a 1")}) == 4


def test_the_seats_of_a_room_begin_alike_and_those_of_another_otherwise() -> None:
    assert records.seat("#a", "1").startswith(records.seats("#a"))
    assert not records.seat("#ab", "1").startswith(records.seats("#a"))


def test_what_a_refusal_is_about_is_a_tuple() -> None:
    assert replies.Refused("x", "x").about == ()
    assert replies.Refused("x", "x", about="#tea").about == ("#tea",)
    assert replies.Refused("x", "x", about=("#tea", "ann")).about == ("#tea", "ann")
