"""What it means when a TikTok room cannot be read: what to tell people, and how long to leave it alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from core.events import SourceState
from sources.base import is_unnamed
from sources.tiktok_connection import Patience, SignAnswer

_LONGEST_LIMIT_SECONDS = 24 * 3600.0  # whatever a sign server says


class Remedy(Enum):
    """How to wait: for something to change, or for the trouble to pass."""

    POLL = auto()
    POLL_RARELY = auto()
    RETRY = auto()
    RETRY_SLOWLY = auto()
    WAIT_FOR_LIMIT = auto()


@dataclass(frozen=True, slots=True)
class Trouble:
    state: SourceState
    remedy: Remedy
    reason: str


def diagnose(error: BaseException, errors: Any, httpx: Any, answer: SignAnswer) -> Trouble:
    """``errors`` is the library's module of them; ``answer`` what the sign server said last in this attempt.

    A rate limit is told by the answer: the library breaks on one that lacks the headers it expects.
    """
    if isinstance(error, errors.UserOfflineError):
        return Trouble(SourceState.OFFLINE, Remedy.POLL, "not live")
    if isinstance(error, errors.UserNotFoundError):
        reason = "TikTok knows no such user, or none that can go live"
        return Trouble(SourceState.FAILED, Remedy.POLL_RARELY, reason)
    if answer.status == 429:
        reason = "the sign server allows no more connections for now"
        return Trouble(SourceState.WAITING, Remedy.WAIT_FOR_LIMIT, reason)
    if answer.status not in (0, 200):
        reason = f"the sign server answered {answer.status}"
        return Trouble(SourceState.WAITING, Remedy.RETRY_SLOWLY, reason)
    return _loss(error, errors, httpx)


def _loss(error: BaseException, errors: Any, httpx: Any) -> Trouble:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return Trouble(SourceState.WAITING, Remedy.RETRY_SLOWLY, "TikTok or the sign server does not answer")
    if isinstance(error, errors.SignAPIError):
        reason = f"the sign server cannot be used: {_in_one_line(error.reason.name.lower().replace('_', ' '))}"
        return Trouble(SourceState.WAITING, Remedy.RETRY_SLOWLY, reason)
    if is_unnamed(error):
        reason = "cannot connect: TikTok cannot be found: is this machine online?"
        return Trouble(SourceState.WAITING, Remedy.RETRY, reason)
    if isinstance(error, httpx.HTTPError):
        return Trouble(SourceState.WAITING, Remedy.RETRY, f"cannot connect: {_in_one_line(error)}")
    if isinstance(error, errors.InitialCursorMissingError | errors.WebsocketURLMissingError):
        return Trouble(SourceState.WAITING, Remedy.RETRY_SLOWLY, "the sign server gave no way into the room")
    if isinstance(error, errors.TikTokLiveError | ValueError | LookupError | TypeError):
        return Trouble(SourceState.WAITING, Remedy.RETRY_SLOWLY, "TikTok does not let us in: it may be blocking us")
    return Trouble(SourceState.WAITING, Remedy.RETRY, f"connection lost: {_in_one_line(error)}")


def limit_seconds(answer: SignAnswer, patience: Patience) -> float:
    """How long a rate limit lasts. ``reset`` is a Unix time; where it is small, seconds from now."""
    try:
        reset = float(answer.reset)
    except ValueError:
        return patience.rate_limited
    left = reset - time.time() if reset > 1e9 else reset
    return min(max(left, patience.rate_limited), _LONGEST_LIMIT_SECONDS)


def _in_one_line(error: object) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
