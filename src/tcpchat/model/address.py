"""Addresses as people write them."""

DEFAULT_PORT = 7667


def parse_address(written: str) -> tuple[str, int]:
    """``HOST:PORT``, ``HOST``, ``:PORT``, ``IPV6`` or ``[IPV6]:PORT`` as host and port; else 127.0.0.1 and 7667.

    :raises ValueError: with the reason in words.
    """
    host, colon, port = written.strip().rpartition(":")
    if not colon or port.endswith("]") or (":" in host and not host.startswith("[")):
        host, port = written.strip(), ""
    if port and not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(f"“{port}” is not a port: a number from 1 to 65535 (for a server, 0 is any free one).")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port) if port else DEFAULT_PORT


def write_address(host: str, port: int) -> str:
    """Host and port in one word."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
