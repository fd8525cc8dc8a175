"""AUTHENTICATE, REGISTER, VERIFY, and NickServ for clients that know neither: accounts."""

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime

from tcpchat.model import commands, events, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics, sasl
from tcpchat.wire.irc.capabilities import ACCOUNT_NOTIFY, mechanisms
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.registration import take_own_nick
from tcpchat.wire.irc.topic import Context, Tables, asked, keep_answer, keep_refusal, param
from tcpchat.wire.irc.writing import Form, line, word

MOST_FAILURES = 3
"""Attempts to log in by SASL that may fail on one connection."""

NICKSERV = "NickServ"
NICKSERV_FOLDED = names.fold(NICKSERV)


def read_authenticate(context: Context, message: Message) -> Iterator[Request | bytes]:
    """AUTHENTICATE <mechanism, or base64 in pieces of 400, or * to give up>"""
    said = message.params[0]
    if said == "*":
        yield sasl.aborted(context)
    elif context.exchange is not None:
        yield from _go_on(context, message, said)
    elif said.upper() in (offered := mechanisms(context.negotiation.transport)):
        context.exchange = sasl.Exchange(said.upper())
        yield context.exchange.begin()
    else:
        yield context.numeric(numerics.RPL_SASLMECHS, ",".join(offered), last="are available SASL mechanisms")
        yield from _failed(context, message)


def _go_on(context: Context, message: Message, piece: str) -> Iterator[Request | bytes]:
    exchange = context.exchange
    assert exchange is not None
    try:
        said = exchange.collect(piece)
        if said is None:
            return
        done = yield from exchange.go_on(context, message, said)
    except OverflowError:
        context.exchange = None
        yield context.numeric(numerics.ERR_SASLTOOLONG, last="SASL message too long")
    except sasl.Failed as failure:
        context.exchange = None
        yield from _failed(context, message, str(failure))
    else:
        if done is not None:
            context.exchange = None
            yield _logged_in(context, done)
            yield context.numeric(numerics.RPL_SASLSUCCESS, last="SASL authentication successful")
            yield from take_own_nick(context)


def read_register(context: Context, message: Message) -> Iterator[Request | bytes]:
    """REGISTER <account or *> <e-mail, invitation or *> <password>"""
    account, email, password = message.params[:3]
    nick = context.me or context.wanted_nick or context.refused_nick
    if not nick:
        yield context.standard("FAIL", "REGISTER", "NEED_NICK", "*", last="Choose a nick first")
        return
    if context.refused_nick and not context.me and not context.wanted_nick:
        yield context.standard("FAIL", "REGISTER", "USERNAME_EXISTS", nick, last="That nick is somebody else's")
        return
    name = nick if account == "*" else account
    yield Request(_registration(context, password, email, account=name), message)


def _registration(context: Context, password: str, email: str, account: str = "") -> commands.Register:
    """What is no e-mail address, and stands where one may, is an invitation."""
    given = "" if email == "*" else email
    address, invitation = (given, "") if "@" in given else ("", given)
    return commands.Register(
        account=account, email=address, password=password, server_password=context.password, invitation=invitation
    )


def write_registered(context: Context, request: Request, reply: replies.LoggedInReply) -> bytes:
    """REGISTER SUCCESS, 900."""
    success = line(f":{context.server}", "REGISTER", "SUCCESS", reply.account, last="The account is yours")
    return success + _logged_in(context, reply)


def write_not_registered(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """FAIL, with the name of the account."""
    code = _NOT_REGISTERED.get(refusal.code, "TEMPORARILY_UNAVAILABLE")
    account = param(message, 0)
    account = (context.me or context.wanted_nick) if account == "*" else account
    return context.standard("FAIL", message.command, code, account, last=refusal.text)


def read_verify(context: Context, message: Message) -> Iterator[Request | bytes]:
    """VERIFY <account> <code>"""
    yield Request(commands.Verify(account=message.params[0], code=message.params[1]), message)


def write_logged_in(event: events.LoggedIn, form: Form) -> bytes:
    """:<source> ACCOUNT <account>"""
    if ACCOUNT_NOTIFY not in form.capabilities or not event.by:
        return b""
    return line(form.head(event, event.by, "ACCOUNT"), event.account or "*")


# NickServ


def read_services(context: Context, message: Message) -> Iterator[Request | bytes]:
    """NICKSERV <command> [<parameters>]: HELP lists the commands"""
    words = " ".join(message.params).split()
    verb = words[0].upper() if words else "HELP"
    service = _SERVICES.get(verb)
    if service is None:
        yield serve(context, f"There is no {word(verb)[:40]} here. HELP lists what there is.")
    else:
        yield from service(context, words[1:])


def serve(context: Context, text: str) -> bytes:
    """What NickServ says."""
    return line(f":{NICKSERV}!{NICKSERV}@{context.server}", "NOTICE", context.me or "*", last=text)


def _help(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    yield serve(context, "NickServ looks after accounts. It understands:")
    for usage, about in _USAGE.items():
        yield serve(context, f"{usage}: {about}")


def _register(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    if not words:
        yield _usage(context, "REGISTER")
        return
    done = yield from _ask(context, _registration(context, words[0], words[1] if len(words) > 1 else ""))
    if isinstance(done, replies.LoggedInReply):
        yield serve(context, "Account created")
        yield _logged_in(context, done)


def _identify(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    if not words:
        yield _usage(context, "IDENTIFY")
        return
    account, password = (context.owned_nick or context.me, words[0]) if len(words) == 1 else (words[0], words[1])
    done = yield from _ask(context, commands.LogIn(account=account, password=password))
    if isinstance(done, replies.LoggedInReply):
        yield serve(context, f"You are now logged in as {done.account}.")
        yield _logged_in(context, done)
        yield from take_own_nick(context)


def _info(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    done = yield from _ask(context, commands.ShowAccount(account=words[0] if words else ""))
    if isinstance(done, replies.AccountReply):
        since = datetime.fromtimestamp(done.created // 1_000, UTC)
        yield serve(context, f"Account: {done.account}")
        yield serve(context, f"Registered: {since:%Y-%m-%d %H:%M:%S} UTC")
        yield serve(context, f"Logged in now: {', '.join(done.nicks) or 'nobody'}")


def _set(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    if len(words) != 3 or words[0].upper() != "PASSWORD":
        yield _usage(context, "SET PASSWORD")
        return
    done = yield from _ask(context, commands.SetPassword(old=words[1], password=words[2]))
    if isinstance(done, replies.Done):
        yield serve(context, "Your password is changed, and your other connections are closed.")


def _regain(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    done = yield from _ask(context, commands.Regain())
    if isinstance(done, replies.Done):
        yield serve(context, "The name of your account is yours again.")


def _drop(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    if len(words) != 1:
        yield _usage(context, "DROP")
        return
    done = yield from _ask(context, commands.DropAccount(password=words[0]))
    if isinstance(done, replies.Done):
        context.account = ""
        yield serve(context, "Your account is given up. Nobody can have one of that name again.")
        yield context.numeric(numerics.RPL_LOGGEDOUT, context.source, last="You are now logged out")


def _cert(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    verb, fingerprint = [*(word.upper() for word in words[:1]), *words[1:2], "", ""][:2]
    wish: commands.Command
    if verb == "ADD":
        wish = commands.AddCertificate(fingerprint=fingerprint)
    elif verb == "DEL" and fingerprint:
        wish = commands.RemoveCertificate(fingerprint=fingerprint)
    elif verb == "LIST":
        wish = commands.ListCertificates()
    else:
        yield _usage(context, "CERT")
        return
    done = yield from _ask(context, wish)
    if isinstance(done, replies.Certificates):
        yield serve(context, "The certificates by which you can log in: " + (", ".join(done.certificates) or "none"))


def _invite(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    uses = words[0] if words else "1"
    if not (uses.isascii() and uses.isdigit() and len(uses) < 6):
        yield _usage(context, "INVITE")
        return
    done = yield from _ask(context, commands.MakeInvitation(uses=int(uses)))
    if isinstance(done, replies.InvitationReply):
        until = datetime.fromtimestamp(done.expires // 1_000, UTC)
        yield serve(context, f"Invitation: {done.token} (uses: {done.uses}, until {until:%Y-%m-%d %H:%M} UTC)")


def _register_other(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    if len(words) != 2:
        yield _usage(context, "SAREGISTER")
        return
    done = yield from _ask(context, commands.RegisterOther(account=words[0], password=words[1]))
    if isinstance(done, replies.Done):
        yield serve(context, f"The account {words[0]} is created.")


def _ask(context: Context, wish: commands.Command) -> Generator[Request | bytes, None, object]:
    """Ask for something, and see what comes of it; a refusal is told in its own words."""
    answer = yield from asked(context, wish, Message("NICKSERV"))
    if isinstance(answer, replies.Refused):
        yield serve(context, answer.text)
    return answer


def _usage(context: Context, start: str) -> bytes:
    return serve(context, "How to use it: " + next(usage for usage in _USAGE if usage.startswith(start)))


def _logged_in(context: Context, reply: replies.LoggedInReply) -> bytes:
    context.account = reply.account
    text = f"You are now logged in as {reply.account}"
    return context.numeric(numerics.RPL_LOGGEDIN, context.source, reply.account, last=text)


def _failed(context: Context, message: Message, why: str = "") -> Iterator[Request | bytes]:
    """904; who fails too often has to make another connection."""
    context.failures += 1
    yield context.numeric(numerics.ERR_SASLFAIL, last=why or "SASL authentication failed")
    if context.failures >= MOST_FAILURES:
        yield Request(commands.Quit(reason="Too many attempts to log in failed"), message)


_USAGE = {
    "REGISTER <password> [<e-mail or invitation>]": "have an account that is called like your nick",
    "IDENTIFY [<account>] <password>": "log in",
    "REGAIN": "take the nick that is called like your account, whoever has it now",
    "INFO [<account>]": "since when an account is there, and who is logged in to it",
    "SET PASSWORD <old password> <new password>": "change your password",
    "CERT ADD [<fingerprint>] | DEL <fingerprint> | LIST": "the certificates by which you can log in (SASL EXTERNAL)",
    "DROP <password>": "give up your account, for ever",
    "INVITE [<uses>]": "let somebody register (for operators)",
    "SAREGISTER <account> <password>": "make an account for somebody else (for operators)",
    "HELP": "this list",
}

_SERVICES: dict[str, Callable[[Context, list[str]], Iterator[Request | bytes]]] = {
    "HELP": _help,
    "REGISTER": _register,
    "IDENTIFY": _identify,
    "INFO": _info,
    "SET": _set,
    "REGAIN": _regain,
    "CERT": _cert,
    "DROP": _drop,
    "INVITE": _invite,
    "SAREGISTER": _register_other,
}

_NOT_REGISTERED = {
    "account_exists": "ACCOUNT_EXISTS",
    "bad_account": "BAD_ACCOUNT_NAME",
    "bad_code": "INVALID_CODE",
    "bad_invitation": "INVALID_INVITATION",
    "insecure": "SECURE_CONNECTION_REQUIRED",
    "logged_in_already": "ALREADY_AUTHENTICATED",
    "name_in_use": "USERNAME_EXISTS",
    "need_invitation": "NEED_INVITATION",
    "need_nick": "NEED_NICK",
    "not_entered": "COMPLETE_CONNECTION_REQUIRED",
    "registration_closed": "DISALLOWED",
    "weak_password": "UNACCEPTABLE_PASSWORD",
}

TABLES = Tables(
    readers={
        "AUTHENTICATE": read_authenticate,
        "REGISTER": read_register,
        "VERIFY": read_verify,
        "NICKSERV": read_services,
        "NS": read_services,
    },
    writers={events.LoggedIn: write_logged_in},
    answers={
        ("AUTHENTICATE", replies.LoggedInReply): keep_answer,
        ("AUTHENTICATE", replies.ChallengeReply): keep_answer,
        ("REGISTER", replies.LoggedInReply): write_registered,
        ("NICKSERV", replies.LoggedInReply): keep_answer,
        ("NICKSERV", replies.AccountReply): keep_answer,
        ("NICKSERV", replies.Done): keep_answer,
        ("NICKSERV", replies.Certificates): keep_answer,
        ("NICKSERV", replies.InvitationReply): keep_answer,
    },
    refused={
        "AUTHENTICATE": keep_refusal,
        "NICKSERV": keep_refusal,
        "REGISTER": write_not_registered,
        "VERIFY": write_not_registered,
    },
    at_the_door=frozenset({"AUTHENTICATE", "REGISTER", "VERIFY"}),
    needs={"AUTHENTICATE": 1, "REGISTER": 3, "VERIFY": 2},
)
