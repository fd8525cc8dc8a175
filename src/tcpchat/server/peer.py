"""Who is at the other end of a connection, as far as the network tells."""

from typing import NamedTuple


class Peer(NamedTuple):
    """`address` is an IP address; empty for who comes in through a Unix socket."""

    address: str
    encrypted: bool = False
    """Whether they came in through TLS."""
    certificate: str = ""
    """The SHA-256 fingerprint of the certificate they showed, in hexadecimal; only ever from the TLS layer."""
    administrator: bool = False
    """Whether they came in through the administrators' socket, which only its owner can open."""

    @property
    def local(self) -> bool:
        """Whether they are on this machine."""
        return self.address in {"", "::1"} or self.address.startswith("127.")

    @property
    def secure(self) -> bool:
        """Whether nobody between can read what passes, such as a password."""
        return self.encrypted or self.local
