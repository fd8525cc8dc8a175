"""Addresses as people write them."""

import pytest

from tcpchat.model.address import parse_address, write_address


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("chat.example.org:7000", ("chat.example.org", 7000)),
        ("chat.example.org", ("chat.example.org", 7667)),
        ("10.0.0.1:80", ("10.0.0.1", 80)),
        ("7850", ("127.0.0.1", 7850)),
        (":7850", ("127.0.0.1", 7850)),
        ("", ("127.0.0.1", 7667)),
        (" localhost ", ("localhost", 7667)),
        ("[::1]:7850", ("::1", 7850)),
        ("[::1]", ("::1", 7667)),
        ("::1", ("::1", 7667)),
        ("fe80::1%eth0", ("fe80::1%eth0", 7667)),
        ("::", ("::", 7667)),
        ("host:0", ("host", 0)),
    ],
)
def test_what_is_written_is_understood(written: str, meant: tuple[str, int]) -> None:
    assert parse_address(written) == meant
    assert parse_address(write_address(*meant)) == meant


@pytest.mark.parametrize(
    "written", ["http://127.0.0.1:7841", "127.0.0.1:7841:3", "host:port", "host:99999", "[::1", "a:b:c"]
)
def test_what_is_none_is_said_to_be_none(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not an address\. Write HOST:PORT|is not a port"):
        parse_address(written)
