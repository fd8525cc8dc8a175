"""Certificates for tests: an authority, and what it signs."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """Signs certificates; `file` is its own."""

    def __init__(self, directory: Path, name: str = "An authority for tests") -> None:
        self.directory = directory
        self.file = directory / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        certificate = _certificate(self._name, self._name, self._key, self._key, 30, authority=True)
        self.file.write_bytes(_pem(certificate))

    def issue(self, name: str, *, days: int = 30, file: str = "") -> tuple[Path, Path]:
        """A certificate for 127.0.0.1 and localhost, and its key, in two files; `days` below 0: it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(_named(name), self._name, key, self._key, days)
        return written(self.directory / f"{file or name}.pem", certificate, key)

    def client(self, *shown: Path) -> ssl.SSLContext:
        """What a client has that trusts this authority; `shown`: its own certificate and key."""
        context = ssl.create_default_context(cafile=self.file)
        if shown:
            context.load_cert_chain(*shown)
        return context


def self_signed(directory: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return written(directory / f"{name}.pem", _certificate(_named(name), _named(name), key, key, 30), key)


def careless() -> ssl.SSLContext:
    """A client that trusts anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def written(file: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
    """Each in its file, at once: nobody sees half of it."""
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, text in ((file, _pem(certificate)), (file.with_suffix(".key"), secret)):
        fresh = path.with_suffix(".new")
        fresh.write_bytes(text)
        fresh.chmod(0o600)
        fresh.replace(path)
    return file, file.with_suffix(".key")


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    days: int,
    *,
    authority: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return builder.sign(by, hashes.SHA256())
