"""What people with nc are told of those who decide about their room."""

from tests.conftest import Connect


async def test_who_is_kicked_is_told_in_words_and_talks_elsewhere(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_line("bob")
    bob.send("/join #tea")
    await bob.until(r"You are in #tea: 2 people: ann, bob\.")
    ann.send("MODE #tea +v bob", "KICK #tea bob :enough")
    await bob.until(r"^-- ann gave bob a voice in #tea\r\n-- ann put bob out of #tea \(enough\)\r\n")
    bob.send("hello?")
    await bob.until(r"^-- You are not in #tea\. Join it first\.\r\n")
    bob.send("anybody here?", "/who")
    await bob.until(r"^-- #lobby: bob\r\n")


async def test_a_key_is_typed_behind_the_room(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    ann.send("MODE #tea +k milk", "PING done")
    await ann.until("PONG")
    await bob.enter_line("bob")
    bob.send("/join #tea")
    await bob.until(r"^-- #tea has a key: /join #tea KEY\.\r\n")
    bob.send("/join #tea milk")
    await bob.until(r"^-- You are in #tea: ")


async def test_what_was_taken_back_is_not_shown_again(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea", "echo-message message-tags draft/message-redaction batch")
    ann.send("PRIVMSG #tea :a secret")
    said = await ann.until(r"^@msgid=(\S+) :ann!ann@localhost PRIVMSG #tea :a secret\r\n")
    ann.send(f"REDACT #tea {said[1]} :oops", "PRIVMSG #tea :nothing", "PING done")
    await ann.until("PONG")
    await bob.enter_line("bob")
    bob.send("/join #tea")
    await bob.until(r"^-- Now:\r\n")
    assert "nothing" in bob.seen.decode()
    assert "a secret" not in bob.seen.decode()


async def test_a_room_that_is_called_otherwise_is_told(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_line("bob")
    bob.send("/join #tea")
    await bob.until(r"You are in #tea")
    ann.send("RENAME #tea #cha :it is Chinese")
    await bob.until(r"^-- #tea is called #cha now \(it is Chinese\)\r\n")


async def test_who_founds_a_room_with_nc_decides_about_it(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    ann.send("/join #tea")
    await ann.until(r"You are in #tea")
    await bob.enter_irc("bob", "#tea")
    ann.send("/who", "/kick bob too loud", "/ban bob")
    await ann.until(r"^-- #tea: @ann, bob\r\n")
    await ann.until(r"^-- ann put bob out of #tea \(too loud\)\r\n-- ann banned bob!\*@\* in #tea\r\n")
    await bob.until(r"^:ann!ann@localhost KICK #tea bob :too loud\r\n")
    bob.send("JOIN #tea")
    await bob.until(r" 474 bob #tea :")
    ann.send("/unban bob", "/invite bob")
    await ann.until(r"^-- ann lifted the ban on bob!\*@\* in #tea\r\n-- bob is invited to #tea\.\r\n")
    await bob.until(r"^:ann!ann@localhost INVITE bob #tea\r\n")
    bob.send("JOIN #tea")
    await ann.until(r"^-- bob joined\r\n")
    ann.send("/op bob", "/op nobody")
    await ann.until(r"^-- ann made bob an operator in #tea\r\n-- There is nobody called nobody here\.\r\n")


async def test_what_one_may_not_do_is_said(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_line("bob")
    bob.send("/join #tea", "/kick ann", "/ban ann")
    await bob.until(r"^-- You are not an operator of #tea\.\r\n-- You are not an operator of #tea\.\r\n")


async def test_a_message_to_one_person_is_confirmed(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann")
    await bob.enter_line("bob")
    bob.send("/msg ann hi")
    await bob.until(r"^-- ann is told\.\r\n")
    ann.send("AWAY :eating", "PING done")
    await ann.until("PONG")
    bob.send("/msg ann hi")
    await bob.until(r"^-- ann is told\. They are away: eating\r\n")


async def test_a_ban_on_an_address_nobody_shows_is_refused(connect: Connect) -> None:
    ann = await connect()
    await ann.enter_line("ann")
    ann.send("/join #tea", "/ban 192.0.2.*", "/ban 999.1.1.1/99", "/mute 2001:db8::1", "/ban *!*@192.0.2.*")
    await ann.until(r"(-- That mask means nobody, .*\r\n){3}-- ann banned \*!\*@192\.0\.2\.\*")
