"""What is believed of a visitor's address: the proxy on this machine is, anybody else is not."""

from __future__ import annotations

from typing import Any

import pytest

from web.this_machine import LocalProxy

CLAIMED = {
    "HTTP_X_FORWARDED_FOR": "198.51.100.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "pulse.example",
}


def seen_by_the_program(peer: str) -> dict[str, Any]:
    """What is left of a request that ``peer`` sent with all the headers of a proxy."""
    seen: dict[str, Any] = {}

    def program(environ: dict[str, Any], _start_response: object) -> list[bytes]:
        seen.update(environ)
        return []

    own = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "192.0.2.1:5000", "SERVER_PORT": "5000"}
    LocalProxy(program)({**own, **CLAIMED}, lambda *_: None)
    return seen


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"])
def test_the_proxy_on_this_machine_tells_who_is_visiting_and_how(peer):
    seen = seen_by_the_program(peer)
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("198.51.100.7", "https")
    assert seen["HTTP_HOST"] == "pulse.example"


@pytest.mark.parametrize("peer", ["203.0.113.9", "192.168.1.20", "10.0.0.1", "::ffff:203.0.113.9", "fe80::1", ""])
def test_from_anywhere_else_the_headers_are_but_a_claim(peer):
    seen = seen_by_the_program(peer)
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == (peer, "http")
    assert seen["HTTP_HOST"] == "192.0.2.1:5000"
