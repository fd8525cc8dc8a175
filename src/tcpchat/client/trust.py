"""Whom a client talks to by TLS: a certificate that an authority vouches for, or one whose fingerprint is known."""

import asyncio
import hashlib
import logging
import os
import re
import ssl
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from tcpchat.client.trouble import CannotConnect, NotTrusted
from tcpchat.model.address import write_address
from tcpchat.model.errors import EX_CONFIG, EX_USAGE, in_words

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_FINGERPRINT = re.compile(r"(?:SHA-?256:)?((?:[0-9a-f]{2}:?){32})", re.IGNORECASE)

log = logging.getLogger(__name__)


class Pins:
    """The fingerprints of servers that no authority vouches for, in a file: a line for each, the last one counts."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def of(self, there: str) -> str:
        """The fingerprint that is known of an address; empty if none is.

        :raises CannotConnect: if the file cannot be read: then nobody knows.
        """
        try:
            lines = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise CannotConnect(f"Cannot read {self._file}: {in_words(error)}.", EX_CONFIG) from error
        known = dict(words for line in lines if len(words := line.split()) == 2)
        return fingerprint_of(known.get(there, ""))

    def add(self, there: str, fingerprint: str) -> None:
        """From now on that is the one.

        :raises CannotConnect: if it cannot be written down: then it would be trusted anew each time.
        """
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(opened, "w", encoding="utf-8") as out:
                out.write(f"{there} SHA256:{fingerprint}\n")
        except OSError as error:
            raise CannotConnect(f"Cannot write in {self._file}: {in_words(error)}.", EX_CONFIG) from error


class Trust:
    """See `tcpchat.connect`, whose parameters these are."""

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        fingerprint: str = "",
        pins: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        """:raises CannotConnect: if the fingerprint is none."""
        self._context = context
        self._given = (fingerprint_of(fingerprint) or _no_fingerprint(fingerprint)) if fingerprint else ""
        self._pins = Pins(pins) if pins is not None else None
        self._certificate = certificate
        self._key = key

    @property
    def perhaps(self) -> str:
        """Why a server that was right ends a connection without a word."""
        return " Perhaps it does not accept the certificate that you show." if self._certificate else ""

    async def connect(self, host: str, port: int, limit: int) -> Streams:
        """A connection to the right one, over which nothing has been said yet.

        :raises NotTrusted: if it is not, or nobody can know.
        :raises OSError: if there is none.
        """
        there = write_address(host.lower(), port)
        known = self._pins.of(there) if self._pins is not None else ""
        if self._context is None and (self._given or known):
            return await self._to_known(host, port, limit, known)
        try:
            streams = await _open(host, port, limit, self._context or self._verifying)
        except ssl.SSLCertVerificationError as error:
            return await self._at_first_sight(host, port, limit, error)
        if self._given and (shown := _shown(streams)) != self._given:
            _refuse(streams, _not_the_one(there, self._given, shown))
        return streams

    async def _to_known(self, host: str, port: int, limit: int, known: str) -> Streams:
        """To one of which the fingerprint is known; no authority is asked."""
        streams = await _open(host, port, limit, self._unverifying)
        shown, there = _shown(streams), write_address(host.lower(), port)
        if self._given and shown != self._given:
            _refuse(streams, _not_the_one(there, self._given, shown))
        if not self._given and shown != known:
            _refuse(streams, _changed(there, known, shown))
        if self._pins is not None and shown != known:
            self._pins.add(there, shown)
        return streams

    async def _at_first_sight(self, host: str, port: int, limit: int, error: ssl.SSLCertVerificationError) -> Streams:
        """To one for which nobody vouches: only if what is seen first is to be trusted, and is kept.

        One for which an authority vouches, but under another name or until another time, is never trusted so: whoever
        has it could have one that is right.
        """
        streams = await _open(host, port, limit, self._unverifying)
        shown, there = _shown(streams), write_address(host.lower(), port)
        if self._pins is None or self._context is not None or error.verify_code not in _UNKNOWN_AUTHORITY:
            _refuse(streams, _unknown(there, shown, _WHY.get(error.verify_code, error.verify_message)))
        self._pins.add(there, shown)
        log.warning(
            "The certificate of %s is SHA256:%s. It is trusted, since it is the first one from there (%s); the next "
            "one must be the same. Whoever runs the server can tell you whether that is it.",
            there, shown, error.verify_message,
        )  # fmt: skip
        return streams

    @cached_property
    def _verifying(self) -> ssl.SSLContext:
        return self._with_own(ssl.create_default_context())

    @cached_property
    def _unverifying(self) -> ssl.SSLContext:
        """Whoever uses it looks at the fingerprint."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return self._with_own(context)

    def _with_own(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """With the certificate that the client shows, if it has one."""
        if self._certificate is None:
            return context
        try:
            context.load_cert_chain(self._certificate, self._key, _no_passphrase)
        except OSError as error:
            why = (error.reason or "").lower().replace("_", " ") if isinstance(error, ssl.SSLError) else in_words(error)
            raise CannotConnect(
                f"Cannot use the certificate in {self._certificate}: {why or 'it is not in the PEM format'}.", EX_CONFIG
            ) from error
        return context


async def _open(host: str, port: int, limit: int, context: ssl.SSLContext) -> Streams:
    return await asyncio.open_connection(host, port, limit=limit, ssl=context, server_hostname=host.partition("%")[0])


def _shown(streams: Streams) -> str:
    """The fingerprint of the server's certificate."""
    return hashlib.sha256(streams[1].get_extra_info("ssl_object").getpeercert(binary_form=True)).hexdigest()


def fingerprint_of(written: str) -> str:
    """A SHA-256 fingerprint as it is compared, from any of the ways it is written; empty, if it is none."""
    found = _FINGERPRINT.fullmatch(written.strip())
    return found[1].replace(":", "").lower() if found else ""


def _no_fingerprint(written: str) -> str:
    raise CannotConnect(f"“{written}” is no fingerprint: SHA256: and 64 digits from 0 to f.", EX_USAGE)


def _no_passphrase() -> str:
    """Nobody may be there to type it."""
    raise OSError(0, "its key is encrypted")


def _refuse(streams: Streams, text: str) -> NoReturn:
    streams[1].transport.abort()
    raise NotTrusted(text)


def _unknown(there: str, shown: str, why: str) -> str:
    return (
        f"Nobody vouches for the certificate of {there}: {why}. It may be somebody else who answers there. Its "
        f"fingerprint is SHA256:{shown}. If the server's own is the same, connect with that: --accept-fingerprint "
        f'SHA256:{shown} (in a program: fingerprint="…").'
    )


def _not_the_one(there: str, given: str, shown: str) -> str:
    return (
        f"This is not the server you want: the certificate of {there} is SHA256:{shown}, not SHA256:{given}. Somebody "
        "may be in between, or the server has another one: ask whoever runs it, and then take that fingerprint."
    )


def _changed(there: str, known: str, shown: str) -> str:
    return (
        f"THE CERTIFICATE OF {there} IS ANOTHER ONE. Somebody may be in between, who would read all you say. It was "
        f"SHA256:{known}, and now it is SHA256:{shown}. Ask whoever runs the server; if that is right, connect once "
        f"with --accept-fingerprint SHA256:{shown}"
    )


_UNKNOWN_AUTHORITY = {18, 19, 20, 21}
"""What OpenSSL calls a certificate that signs itself, or is signed by somebody nobody knows (X509_V_ERR_...)."""

_WHY = {
    9: "it is not valid yet, or the clock of this machine is wrong",
    10: "it has expired",
    62: "it is for another name",
    64: "it is for another address",
}
"""Other codes of OpenSSL's, in our words."""
