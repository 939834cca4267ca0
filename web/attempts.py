"""Counting attempts by the network they come from: at passwords, and at tokens."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from core.config import Settings

LIMITED = ("auth", "accounts", "voice_socket")  # the blueprints with routes that are limited
REDIS_SECONDS = 1.0
COMPLAINT_SECONDS = 60.0
WRONG_TOKENS = RateLimitItemPerMinute(10)
WAIT_SECONDS = WRONG_TOKENS.get_expiry()
MOST_SEEN = 20_000  # tokens, each from one network


def visitors_network() -> str:
    """Whose attempts are counted together."""
    return network_of(request.remote_addr or "")


def network_of(remote_address: str) -> str:
    """An address, of IPv6 the 64 bits that a visitor's network has in common."""
    try:
        address = ipaddress.ip_address(remote_address)
    except ValueError:
        return remote_address
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


class OnceAMinute(logging.Filter):
    """Lets one refusal a minute be told: whoever guesses on could fill the disk with them."""

    def __init__(self) -> None:
        super().__init__()
        self._due = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno > logging.INFO:
            return True
        is_due = time.monotonic() >= self._due
        if is_due:
            self._due = time.monotonic() + COMPLAINT_SECONDS
        return is_due


def how_long_to_wait() -> str:
    """What somebody is told who has tried too often."""
    limit = limiter.current_limit
    left = max(1, math.ceil(limit.reset_at - time.time())) if limit else WAIT_SECONDS
    wait = f"{left} s" if left <= 90 else f"{math.ceil(left / 60)} min"
    return f"wait {wait}, then try again"


limiter = Limiter(visitors_network, headers_enabled=True, key_prefix="streampulse")


def limits(settings: Settings) -> dict[str, Any]:
    """Where attempts are counted: in Redis for all web processes together, and while it is away by each for itself."""
    if not settings.redis_url:
        return {"RATELIMIT_STORAGE_URI": "memory://"}
    return {
        "RATELIMIT_STORAGE_URI": settings.redis_url.replace("unix://", "redis+unix://", 1),
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
    }


def register(app: Flask) -> None:
    """Sets the limiter up. Its hooks look at every request; here only those of LIMITED can be refused by it."""
    limiter.init_app(app)
    limiter.logger.filters = [OnceAMinute()]  # of the process, as the logger is
    kinds: list[Any] = [app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs]
    for hooks in kinds:  # by blueprint; None: of all
        of_limiter = hooks[None].pop()
        for blueprint in LIMITED:
            hooks[blueprint].append(of_limiter)
    app.extensions["guesses"] = Guesses()


class Guesses:
    """Slows whoever tries one token after the other.

    Only a token that was not seen from a network before is a guess: a script that goes on with a wrong one learns
    nothing by it, and one with a right one is let in whatever its neighbours do.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[Hashable, None] = OrderedDict()
        self._own = FixedWindowRateLimiter(MemoryStorage())  # while Redis is away

    def are_too_many(self, token: str) -> bool:
        """Whether this one is not to be looked at, for there were too many wrong ones."""
        return self._key(token) not in self._seen and not self._counted("test")

    def note(self, token: str, *, is_wrong: bool) -> None:
        key = self._key(token)
        if is_wrong and key not in self._seen:
            self._counted("hit")
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)

    @staticmethod
    def _key(token: str) -> Hashable:
        return visitors_network(), hashlib.sha256(token.encode(errors="replace")).digest()

    def _counted(self, how: str) -> bool:
        """Whether there is room for one more wrong token of this minute; ``how``: "test", or "hit" to count one."""
        network, shared = visitors_network(), limiter.limiter
        try:
            return bool(getattr(shared, how)(WRONG_TOKENS, "tokens", network))
        except shared.storage.base_exceptions:  # of Redis, whose library is imported only where it is set
            return bool(getattr(self._own, how)(WRONG_TOKENS, "tokens", network))


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to the API document that whoever may be refused for a wrong token may be told to wait."""
    for path in document["paths"].values():
        for operation in path.values():
            refused = operation["responses"].get("401") if "responses" in operation else None
            if refused is not None:
                operation["responses"].setdefault("429", refused | {"description": "Too many wrong attempts"})
    return document
