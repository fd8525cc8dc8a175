"""AUTHENTICATE, REGISTER, VERIFY, and NickServ for clients that know neither: accounts."""

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime

from tcpchat.model import commands, events, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics, sasl
from tcpchat.wire.irc.capabilities import ACCOUNT_NOTIFY, SASL_MECHANISMS
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables, asked, keep_answer, keep_refusal, param
from tcpchat.wire.irc.writing import Form, line, word

NICKSERV = "NickServ"
NICKSERV_FOLDED = names.fold(NICKSERV)


def read_authenticate(context: Context, message: Message) -> Iterator[Request | bytes]:
    """AUTHENTICATE <mechanism, or base64 in pieces of 400, or * to give up>"""
    said = message.params[0]
    if said == "*":
        yield sasl.aborted(context)
    elif context.exchange is not None:
        yield from _go_on(context, message, said)
    elif said.upper() in SASL_MECHANISMS:
        context.exchange = sasl.Exchange(said.upper())
        yield context.exchange.begin()
    else:
        yield context.numeric(numerics.RPL_SASLMECHS, ",".join(SASL_MECHANISMS), last="are available SASL mechanisms")
        yield _failed(context)


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
    except sasl.Failed:
        context.exchange = None
        yield _failed(context)
    else:
        if done is not None:
            context.exchange = None
            yield _logged_in(context, done)
            yield context.numeric(numerics.RPL_SASLSUCCESS, last="SASL authentication successful")


def read_register(context: Context, message: Message) -> Iterator[Request | bytes]:
    """REGISTER <account or *> <e-mail or *> <password>"""
    account, email, password = message.params[:3]
    nick = context.me or context.wanted_nick or context.refused_nick
    if not nick:
        yield context.standard("FAIL", "REGISTER", "NEED_NICK", "*", last="Choose a nick first")
        return
    if context.refused_nick and not context.me and not context.wanted_nick:
        yield context.standard("FAIL", "REGISTER", "USERNAME_EXISTS", nick, last="That nick is somebody else's")
        return
    email = "" if email == "*" else email
    name = nick if account == "*" else account
    wish = commands.Register(account=name, email=email, password=password, server_password=context.password)
    yield Request(wish, message)


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
    email = words[1] if len(words) > 1 and words[1] != "*" else ""
    done = yield from _ask(context, commands.Register(password=words[0], email=email))
    if isinstance(done, replies.LoggedInReply):
        yield serve(context, "Account created")
        yield _logged_in(context, done)


def _identify(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    if not words:
        yield _usage(context, "IDENTIFY")
        return
    account, password = (context.me, words[0]) if len(words) == 1 else (words[0], words[1])
    done = yield from _ask(context, commands.LogIn(account=account, password=password))
    if isinstance(done, replies.LoggedInReply):
        yield serve(context, f"You are now logged in as {done.account}.")
        yield _logged_in(context, done)


def _info(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    done = yield from _ask(context, commands.ShowAccount(account=words[0] if words else ""))
    if isinstance(done, replies.AccountReply):
        since = datetime.fromtimestamp(done.created // 1_000, UTC)
        yield serve(context, f"Account: {done.account}")
        yield serve(context, f"Registered: {since:%Y-%m-%d %H:%M:%S} UTC")
        yield serve(context, f"Logged in now: {', '.join(done.nicks) or 'nobody'}")


def _set(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    if len(words) != 2 or words[0].upper() != "PASSWORD":
        yield _usage(context, "SET PASSWORD")
        return
    done = yield from _ask(context, commands.SetPassword(password=words[1]))
    if isinstance(done, replies.Done):
        yield serve(context, "Your password is changed.")


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


def _failed(context: Context) -> bytes:
    return context.numeric(numerics.ERR_SASLFAIL, last="SASL authentication failed")


_USAGE = {
    "REGISTER <password> [<e-mail>]": "have an account that is called like your nick",
    "IDENTIFY [<account>] <password>": "log in",
    "INFO [<account>]": "since when an account is there, and who is logged in to it",
    "SET PASSWORD <new password>": "change your password",
    "SAREGISTER <account> <password>": "make an account for somebody else (for operators)",
    "HELP": "this list",
}

_SERVICES: dict[str, Callable[[Context, list[str]], Iterator[Request | bytes]]] = {
    "HELP": _help,
    "REGISTER": _register,
    "IDENTIFY": _identify,
    "INFO": _info,
    "SET": _set,
    "SAREGISTER": _register_other,
}

_NOT_REGISTERED = {
    "account_exists": "ACCOUNT_EXISTS",
    "bad_account": "BAD_ACCOUNT_NAME",
    "bad_code": "INVALID_CODE",
    "logged_in_already": "ALREADY_AUTHENTICATED",
    "name_in_use": "USERNAME_EXISTS",
    "need_nick": "NEED_NICK",
    "not_entered": "COMPLETE_CONNECTION_REQUIRED",
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
