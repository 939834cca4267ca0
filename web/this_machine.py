"""Whether a request comes from this machine itself, and what its proxy is believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import get_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROXY_HEADERS = (
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server"),
    *("X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "CF-Connecting-IP", "True-Client-IP", "Forwarded", "Via"),
)
_IN_WSGI = frozenset(f"HTTP_{header.upper().replace('-', '_')}" for header in PROXY_HEADERS)
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_this_machine() -> bool:
    return comes_from_here(request.environ)


def comes_from_here(environ: WSGIEnvironment) -> bool:
    """Whether somebody on this machine sends this, by a name of it and through no proxy."""
    return (
        _is_loopback(environ.get("REMOTE_ADDR", ""))
        and _IN_WSGI.isdisjoint(environ)
        and _name_of(get_host(environ)) in LOCAL_NAMES
    )


@lru_cache(maxsize=256)
def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)  # a socket for both families tells IPv4 like this
    return (mapped or found).is_loopback


@lru_cache(maxsize=256)
def _name_of(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


class LocalProxy:
    """Believes a proxy on this machine what it tells of the visitor; from elsewhere the same headers are a claim."""

    def __init__(self, wsgi: WSGIApplication) -> None:
        self._direct = wsgi
        self._behind_proxy = ProxyFix(wsgi, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        near = _is_loopback(environ.get("REMOTE_ADDR", ""))
        return (self._behind_proxy if near else self._direct)(environ, start_response)
