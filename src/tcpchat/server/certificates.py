"""The certificate that the server shows: made, read, looked after while it runs."""

import asyncio
import hashlib
import logging
import os
import ssl
import stat
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from tcpchat.config import Tls
from tcpchat.model.errors import in_words
from tcpchat.model.private import write_whole

if TYPE_CHECKING:  # it takes long to import, and only who has TLS needs it
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

SELF_SIGNED = "self-signed.pem"
"""What the certificate that the server makes is called in the directory of the log; its key is in the same file."""

LOOK_SECONDS = 5.0
"""How often is looked whether the files are others."""

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"

log = logging.getLogger(__name__)


class BadCertificate(Exception):
    """It cannot be used. The text names the file, and says what would do."""


class Shown(NamedTuple):
    """A certificate, ready to be shown to those who connect."""

    context: ssl.SSLContext
    fingerprint: str
    """SHA-256 of the certificate, in hexadecimal."""
    self_signed: bool
    """Whether only who knows the fingerprint can tell that it is the right one."""
    until: datetime
    """When it expires."""


class Certificates:
    """The one that is shown to whoever connects now, and the files that it comes from."""

    def __init__(self, tls: Tls, data: Path | None, names: Iterable[str]) -> None:
        """`data`: where a certificate that the server makes itself is kept, unless `tls.certificate` says where.

        :raises BadCertificate: if there is none to be shown.
        """
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if tls.self_signed and tls.certificate is None:
            tls = replace(tls, certificate=self._place(data) / SELF_SIGNED)
        self._tls = tls
        if tls.self_signed and tls.certificate is not None and not tls.certificate.exists():
            make(tls.certificate, names)
        self._seen = _states(tls)
        self.shown = read(tls)
        if self.shown.until < datetime.now(UTC):
            log.warning("%s has expired: clients will not trust it. Renew it.", tls.certificate)

    def _place(self, data: Path | None) -> Path:
        """The log's directory; without one, a place that lasts as long as the server."""
        if data is not None:
            return data
        self._temporary = tempfile.TemporaryDirectory(prefix="tcpchat-")
        return Path(self._temporary.name)

    def close(self) -> None:
        """Leave no file that was to last only as long as this."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def reload(self, tls: Tls | None = None) -> str:
        """Show what is in the files now to those who connect from now on. Who is connected notices nothing.

        It is read into a context of its own first: nothing that is wrong with it touches the one that is in use.

        :param tls: other settings, if they have changed.
        :returns: what is wrong with it, if anything is: then nothing has changed.
        """
        wanted = self._tls if tls is None or tls.certificate is None else tls
        self._seen = _states(wanted)
        try:
            shown = read(wanted)
            if shown.until < datetime.now(UTC):
                raise BadCertificate(f"{wanted.certificate} expired on {shown.until:%Y-%m-%d}.")
        except BadCertificate as error:
            return f"The certificate from before stays: {error}"
        if shown.fingerprint != self.shown.fingerprint:
            log.info("the certificate is another one, SHA256:%s, good until %s", shown.fingerprint, shown.until.date())
        self._tls, self.shown = wanted, shown
        return ""

    async def watch(self) -> None:
        """Notice, for ever, that the files are others."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if _states(self._tls) != self._seen and (problem := self.reload()):
                log.error("%s", problem)


def read(tls: Tls) -> Shown:
    """A context of its own for what is in the files.

    :raises BadCertificate: if they cannot be used.
    """
    assert tls.certificate is not None
    key = tls.key or tls.certificate
    _check_secret(key)
    der = _first_certificate(tls.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(tls.certificate, key, _no_passphrase)
    except OSError as error:  # which ssl.SSLError is
        raise BadCertificate(_explained(error, tls.certificate, key)) from error
    if tls.client_ca is not None:
        _ask_for_certificates(context, tls.client_ca)
    self_signed, until = _facts(der, tls.certificate)
    return Shown(context, hashlib.sha256(der).hexdigest(), self_signed, until)


def _ask_for_certificates(context: ssl.SSLContext, authorities: Path) -> None:
    """Clients may show one, and need not. One that stands in the file itself is trusted as it is."""
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(authorities)
    except OSError as error:
        why = "there are no certificates in it" if isinstance(error, ssl.SSLError) else in_words(error)
        raise BadCertificate(f"Cannot use {authorities} as tls.client_ca: {why}.") from error


def _check_secret(key: Path) -> None:
    try:
        mode = key.stat().st_mode
        with key.open("rb"):
            pass
    except OSError as error:
        raise BadCertificate(f"Cannot read {key}: {in_words(error)}.") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o007:
        raise BadCertificate(f"Everybody on this machine can use the key in {key}. Do this: chmod 600 {key}")


def _first_certificate(file: Path) -> bytes:
    """The server's own, in DER; those that follow it lead to an authority."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise BadCertificate(f"Cannot read {file}: {in_words(error)}.") from error
    _, begin, rest = text.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not (begin and end):
        raise BadCertificate(f"There is no certificate in {file}. It begins with {_BEGIN.decode()}.")
    try:
        return ssl.PEM_cert_to_DER_cert((begin + body + end).decode("ascii") + "\n")
    except ValueError as error:
        raise BadCertificate(f"The certificate in {file} is damaged.") from error


def _no_passphrase() -> str:
    """Nobody is there to type it; without this OpenSSL would ask the terminal, and wait."""
    raise _Encrypted(0, "the key is encrypted")


class _Encrypted(OSError):
    """The key cannot be read without a passphrase."""


def _explained(error: OSError, certificate: Path, key: Path) -> str:
    if isinstance(error, _Encrypted):
        return f"The key in {key} is encrypted. Store it without a passphrase: openssl pkey -in {key} -out KEY.pem"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").lower()
        if "mismatch" in reason:
            return f"The key in {key} does not belong to the certificate in {certificate}."
        words = reason.replace("_", " ") or "it is not in the PEM format"
        return f"{certificate} and {key} cannot be used: {words}."
    return f"Cannot read {certificate} or {key}: {in_words(error)}."


def _facts(der: bytes, file: Path) -> tuple[bool, datetime]:
    """Whether it is signed by itself, and until when it is good."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        return certificate.issuer == certificate.subject, certificate.not_valid_after_utc
    except ValueError as error:
        raise BadCertificate(f"The certificate in {file} is damaged: {error}") from error


def _states(tls: Tls) -> tuple[object, ...]:
    """What changes with any of the files."""
    return tuple(_state(file) for file in (tls.certificate, tls.key, tls.client_ca) if file is not None)


def _state(file: Path) -> object:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def make(file: Path, names: Iterable[str]) -> None:
    """A certificate that signs itself, and its key, in a file that only its owner may read. It never expires.

    :param names: names and addresses under which the server is reached.
    :raises BadCertificate: if it cannot be kept.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        write_whole(file, secret + _signed(key, sorted(set(names))))
    except OSError as error:
        raise BadCertificate(f"Cannot keep a certificate in {file}: {in_words(error)}.") from error


def _signed(key: "ec.EllipticCurvePrivateKey", names: list[str]) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tcpchat")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))  # clocks differ
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))  # RFC 5280, section 4.1.2.5: never
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> "x509.GeneralName":
    from ipaddress import ip_address

    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
