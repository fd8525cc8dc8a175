"""Several people who want the same names at the same time, in every order that chance finds."""

from collections.abc import Generator, Sequence
from random import Random

from tcpchat.chat.hub import Hub
from tcpchat.config import Config, Limits
from tcpchat.model import names, records
from tcpchat.model.commands import Command, Enter, Quit, Register, Rename
from tcpchat.model.replies import Done, Refused, Reply
from tests.chat.ears import Ear
from tests.fuzz.ledger import Ledger

CONFIG = Config(limits=Limits(enabled=False))

ALIKE: Sequence[Sequence[str]] = (
    ("modern", "Modern", "rnodern", "MODERN", "RNodern"),
    ("Bill", "bill", "Bi1l", "BiIl", "BIll"),
    ("cope", "соре", "Соре", "COPE"),  # Latin, and Cyrillic
    ("olafo", "olaf0", "OlafO", "OLAF0"),
    ("straße", "strasse", "Straße", "STRASSE"),
    ("Ευα", "ΕΥΑ", "ευα"),
    ("jörg", "Jörg", "JO\u0308RG", "ｊörg"),
)
"""In each row every name looks like every other one."""

Answer = Reply | Refused
Turns = Generator[None, None, None]


class Contest:
    """A real hub over a real backend, and connections whose wishes are carried out step by step, as chance has it."""

    def __init__(self, seed: int, people: int) -> None:
        self.random = Random(seed)
        self.hub = Hub(CONFIG)
        self.ledger = Ledger(self.hub, CONFIG.limits, faults=False)
        self.ears = [Ear(self.hub, f"s{number}") for number in range(people)]
        self.gone: set[Ear] = set()
        self.answers: dict[Ear, list[Answer]] = {ear: [] for ear in self.ears}

    def run(self, wishes: dict[Ear, Sequence[Command]]) -> None:
        """All of them, each person's one after the other; whoever can go on may be the next to do so."""
        waiting = [self._carried_out(ear, commands) for ear, commands in wishes.items()]
        while waiting:
            turns = self.random.choice(waiting)
            if next(turns, turns) is turns:
                waiting.remove(turns)
            if self.random.random() < 0.4:
                self.ledger.loop.turn()
        for ear in [ear for ear in self.ears if ear.closed and ear not in self.gone]:
            for _ in self._leave(ear):
                self.ledger.loop.turn()
        while self.ledger.loop.turn():
            pass

    def _carried_out(self, ear: Ear, commands: Sequence[Command]) -> Turns:
        for command in commands:
            try:
                answer = yield from self._answer(ear, command)
            except Refused as refusal:
                answer = refusal
            self.answers[ear].append(answer)
            if ear.closed or isinstance(command, Quit):
                yield from self._leave(ear)
                return

    def _leave(self, ear: Ear) -> Turns:
        """As a session ends, whatever it was doing."""
        self.gone.add(ear)
        self.hub.detach(ear)
        for record in (records.nothing(ear.session), self.hub.farewell(ear, "gone")):
            future = self.ledger.grant(record, ear.address)
            while not future.done():
                yield

    def _answer(self, ear: Ear, command: Command) -> Generator[None, None, Answer]:
        rule, found = self.hub.obey(ear, command), None
        while True:
            yield
            if ear.closed:  # its task is cancelled
                return Done()
            try:
                wish = rule.send(found)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            future = self.ledger.grant(wish, ear.address)
            while not future.done():
                yield
            found = future.result()

    def check(self) -> None:
        """Nobody has what somebody else has, and what is held is what is known."""
        users = self.hub.state.users
        registry = self.hub.state.registry
        held: dict[str, str] = {}
        for folded, user in users.items():
            assert names.fold(user.nick) == folded
            owner = registry.owner(user.nick)
            if owner and any(self.hub.state.logged_in(owner)):  # whose link broke clears the name when they come again
                assert names.fold(owner) == names.fold(user.account), f"{user.nick} is not {owner}'s owner"
            for thing in records.nick(user.nick):
                assert thing not in held, f"{user.nick} looks like somebody else: {sorted(users)}"
                held[thing] = user.listener.session
        assert self.ledger.memory.holdings._owners == held
        alive = [account.account for account in registry.all()]
        keys = [key for account in alive for key in names.keys(account)]
        assert len(keys) == len(set(keys)), f"accounts that look alike: {alive}"
        assert all(self.hub.state.alike(user.nick) is user for user in users.values())


def entering(contest: Contest, nicks: Sequence[str]) -> dict[Ear, Sequence[Command]]:
    """Everybody comes in under one of these names."""
    return {ear: [Enter(nick=nick)] for ear, nick in zip(contest.ears, nicks, strict=True)}


def registering(contest: Contest, names: Sequence[str]) -> dict[Ear, Sequence[Command]]:
    """Everybody has an account of one of these names made, before they come in."""
    return {
        ear: [Register(account=name, password="correct horse")] for ear, name in zip(contest.ears, names, strict=True)
    }


def random_wishes(contest: Contest) -> dict[Ear, Sequence[Command]]:
    """Some come in, some are called otherwise, some go; most want what others want too."""
    random, pool = contest.random, [name for row in contest.random.sample(ALIKE, 2) for name in row]
    wishes: dict[Ear, Sequence[Command]] = {}
    for ear in contest.ears:
        if ear in contest.gone:
            continue
        commands: list[Command] = [Enter(nick=random.choice(pool))] if ear.user is None else []
        commands += [Rename(nick=random.choice(pool)) for _ in range(random.randrange(3))]
        if random.random() < 0.4:
            registers = Register(account=random.choice(pool), password="correct horse")
            commands.insert(random.randrange(len(commands) + 1), registers)
        if random.random() < 0.3:
            commands.append(Quit(reason="enough"))
        wishes[ear] = commands
    return wishes
