"""What stands before the line that is typed, and how it may go on."""

import pytest

pytest.importorskip("prompt_toolkit")

from tcpchat.cli.candidates import candidates, described
from tcpchat.cli.commands import COMMANDS
from tcpchat.cli.prompt import Link, choices_row, parts, pending_rows, text_of
from tcpchat.cli.rows import cut, width
from tcpchat.client.view import View
from tcpchat.model.events import Said, Told
from tcpchat.model.replies import Seated

THERE = Link(there=True, waiting=0)


def said(by: str, text: str, room: str = "#general", time: int = 1) -> Said:
    return Said(room=room, by=by, text=text, time=time)


@pytest.fixture
def view() -> View:
    """Alice in #general; caroline spoke last there, dave in #dev, and bob told her something."""
    view = View("alice")
    people = ["alice", "bob", "carol", "caroline"]
    view.switch(view.enter(Seated(room="#general", people=people, topic="release 1.2 on Friday")))
    view.enter(Seated(room="#dev", people=["alice", "dave"]))
    view.note(said("carol", "come to #ops, or #Ops-2!", time=1))
    view.note(said("caroline", "no", time=2))
    for number in range(12):
        view.note(said("dave", f"{number}", "#dev", time=3))
    view.note(Told(to="alice", by="bob", text="psst", time=4))
    return view


def prompt(view: View, columns: int, link: Link = THERE) -> str:
    return text_of(parts(view, link, columns))


def test_the_prompt_says_where_one_is_and_what_is_new_elsewhere(view: View) -> None:
    assert prompt(view, 80) == "alice #general @bob:@1 #dev:12> "
    assert prompt(view, 80, Link(there=False, waiting=0)) == "alice #general @bob:@1 #dev:12 (no link)> "
    assert prompt(view, 80, Link(there=False, waiting=2)) == "#general @bob:@1 #dev:12 (no link, 2 waiting)> "


def test_what_does_not_fit_is_counted_and_then_left_out(view: View) -> None:
    assert prompt(view, 48) == "#general @bob:@1 #dev:12> "
    assert prompt(view, 40) == "#general @bob:@1 +1> "
    assert prompt(view, 32) == "#general +@2> "
    assert prompt(view, 40, Link(there=False, waiting=1)) == "#general +@2 (no link)> "
    assert prompt(view, 35, Link(there=False, waiting=1)) == "#general (no link)> "
    assert prompt(view, 20) == "#general> "
    assert prompt(view, 12) == "#gen\N{HORIZONTAL ELLIPSIS}> "


@pytest.mark.parametrize("columns", range(1, 100))
def test_there_is_space_to_type(view: View, columns: int) -> None:
    long = view.open("#" + "漢" * 40)
    for place in (view.current, long):
        assert place is not None
        view.switch(place)
        assert width(prompt(view, columns, Link(there=False, waiting=99))) <= max(2, columns * 3 / 5)


def test_what_waits_is_shown_as_far_as_there_is_space() -> None:
    typed = [f"line {number}" for number in range(8)]
    assert pending_rows(typed, 80, 22) == [
        "… (3 more before these)",
        *(f"… line {number}" for number in range(3, 8)),
    ]
    assert pending_rows(typed, 80, 0) == []
    assert max(map(width, pending_rows(["漢" * 50, "x" * 9_000], 40, 5))) < 40


def test_the_chosen_one_is_in_the_row_however_many_there_are() -> None:
    names = [f"somebody{number}: " for number in range(30)]
    assert choices_row(["carol: ", "caroline: "], 1, 80) == "carol  [caroline]"
    for chosen in range(30):
        row = choices_row(names, chosen, 40)
        assert f"[somebody{chosen}]" in row
        assert width(row) < 40


def test_cutting_counts_columns() -> None:
    assert cut("漢字漢字", 8) == "漢字漢字"
    assert cut("漢字漢字x", 8) == "漢字漢…"
    assert cut("x" * 100_000, 5) == "xxxx…"
    assert cut("xx", 0) == ""


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("", []),
        ("/jo", ["/join ", "/joins "]),
        ("/JOINS", ["/joins "]),
        ("ca", ["caroline: ", "carol: "]),
        ("hello ca", ["caroline ", "carol "]),
        ("hello ", []),
        ("see #d", ["#dev "]),
        ("/join ", ["#ops ", "#Ops-2 ", "#general ", "#dev "]),
        ("/join #o", ["#ops ", "#Ops-2 "]),
        ("/part ", ["#general ", "#dev "]),
        ("/room ", ["#dev ", "bob "]),
        ("/msg d", ["dave "]),
        ("/msg bob ca", ["caroline ", "carol "]),
        ("/kick d", []),
        ("/invite da", ["dave "]),
        ("/bell ", ["off ", "mentions ", "all "]),
        ("/joins s", ["smart "]),
        ("/admit m", ["members "]),
        ("/help hi", ["history "]),
        ("/topic ", ["release 1.2 on Friday "]),
        ("/unignore ", ["mallory "]),
        ("/nick ", []),
        ("//jo", []),
        ("/nothing ca", ["caroline ", "carol "]),
    ],
)
def test_how_a_line_may_go_on(view: View, before: str, found: list[str]) -> None:
    assert candidates(view, before, ["mallory"]) == found


def test_in_a_talk_with_one_person_others_can_be_named(view: View) -> None:
    view.switch(view.open("bob"))
    assert candidates(view, "b") == ["bob: "]
    assert candidates(view, "did ca") == ["caroline ", "carol "]


def test_rooms_that_were_listed_are_found(view: View) -> None:
    view.listed = ["#dev", "#Other", "#ops"]
    assert candidates(view, "/join #o") == ["#ops ", "#Ops-2 ", "#Other "]


def test_every_command_says_what_it_does() -> None:
    assert described("/msg bob hi") == "/msg NAME [TEXT]  tell one person something, or talk with them from now on"
    assert [described(line) for line in ("/nothing", "msg", "", "//msg")] == ["", "", "", ""]
    assert all(described(f"/{name} ").startswith("/") for name in COMMANDS)
