"""Who reads Twitch chat: a bot account, if its token is good, or nobody in particular."""

from __future__ import annotations

import asyncio
import json
import random
import re
from dataclasses import dataclass, field

import aiohttp

# Twitch lets any "justinfan" and digits read; the password only has to have the form of one.
ANONYMOUS_PASSWORD = "59301"  # noqa: S105  # nosec B105


class TokenRefused(Exception):
    """Twitch does not know the token; asking again will not help."""


@dataclass(frozen=True, slots=True)
class Login:
    """The name to log in with. The password is no part of its repr: it must not reach a log."""

    nick: str
    password: str = field(repr=False)
    anonymous: bool = False


def anonymous_login() -> Login:
    return Login(f"justinfan{random.randint(10_000, 9_999_999)}", ANONYMOUS_PASSWORD, anonymous=True)


def bare_token(token: str) -> str:
    """The token without ``oauth:``, in whatever capitals, and without blanks around it."""
    token = token.strip()
    return token[6:].strip() if token[:6].lower() == "oauth:" else token


async def bot_login(token: str, validate_url: str, timeout_seconds: float = 15.0) -> Login:
    """The account a bare token belongs to, as the validation service says.

    Raises TokenRefused when the token is bad, ConnectionError when that cannot be learnt now.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise TokenRefused
    try:
        async with asyncio.timeout(timeout_seconds):
            status, body = await _ask(token, validate_url)
    except (TimeoutError, OSError, aiohttp.ClientError) as error:
        raise ConnectionError(f"the token cannot be checked: {type(error).__name__}") from error
    if status == 401:
        raise TokenRefused
    if status != 200:
        raise ConnectionError(f"the token cannot be checked: status {status}")
    return Login(_login_in(body), token)


async def _ask(token: str, url: str) -> tuple[int, str]:
    # No redirects: the token is for this address only.
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Authorization": f"OAuth {token}"}, allow_redirects=False) as response,
    ):
        return response.status, await response.text(errors="replace")


def _login_in(body: str) -> str:
    try:
        login = str(json.loads(body)["login"]).lower()
    except (ValueError, TypeError, KeyError):
        login = ""
    if not re.fullmatch(r"[a-z0-9_]+", login):
        raise ConnectionError("the token cannot be checked: the answer names no login")
    return login
