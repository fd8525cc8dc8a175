"""All rooms, found by their names and by what their names look like."""

from tcpchat.chat.room import Room
from tcpchat.model import names


class Rooms(dict[str, Room]):
    """Rooms by folded name. They are put in as `rooms[folded] = room`, and taken out by `del` or `pop`."""

    def __init__(self) -> None:
        super().__init__()
        self._alike: dict[str, str] = {}
        """Folded names by how else they may be read (`names.keys`); the first one has it."""

    def alike(self, name: str) -> Room | None:
        """Another room, whose name looks like this one."""
        folded = names.fold(name)
        for key in names.keys(name):
            for other in (key, self._alike.get(key, folded)):
                if other != folded and other in self:
                    return self[other]
        return None

    def __setitem__(self, folded: str, room: Room) -> None:
        super().__setitem__(folded, room)
        for key in names.keys(room.name):
            if key != folded:
                self._alike.setdefault(key, folded)

    def __delitem__(self, folded: str) -> None:
        self._forget(folded)
        super().__delitem__(folded)

    def pop(self, folded: str) -> Room:  # type: ignore[override]
        """Take a room out. It still has the name under which it was put in."""
        self._forget(folded)
        return super().pop(folded)

    def _forget(self, folded: str) -> None:
        for key in names.keys(self[folded].name):
            if self._alike.get(key) == folded:
                del self._alike[key]
