"""What a person is called and what their platform tells of them: as their row has it, and as new events tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.events import Event, Kind, picture_address

FormerName = tuple[str, str, int]  # login, name, until when

LOGIN_LENGTH, NAME_LENGTH = 64, 128  # the columns'; PostgreSQL refuses more
DONE_TO_THEM = frozenset({Kind.DELETE, Kind.TIMEOUT})

_ABOUT: Mapping[str, int] = {"bio": 1_000, "language": 32, "country": 64, "gender": 32}  # texts, with their most
_COUNTS = ("follower_count", "following_count")
IDENTITY = ("username", "display_name", "avatar_url", *_ABOUT, "verified", *_COUNTS)


@dataclass(slots=True)
class Known:
    """A person as their row tells them. When they were last seen is not among it: others move that all the time."""

    platform_user_id: str
    id: int
    username: str
    display_name: str
    avatar_url: str
    bio: str
    language: str
    country: str
    gender: str
    verified: bool
    follower_count: int | None
    following_count: int | None
    named_at_ms: int
    first_seen_at_ms: int


def as_known(row: Known, events: Sequence[Event]) -> int | None:
    """When the person's names were last told, if the events tell nothing that their row does not: nearly all of them.

    None: they do.
    """
    login, name, avatar, about = row.username, row.display_name, row.avatar_url, None
    latest_ms = 0
    for event in events:
        who = event.who
        if who is None or who.login != login:
            return None
        if (who.name and who.name != name) or (who.avatar and who.avatar != avatar):
            return None
        if who.about and who.about is not about:
            about = who.about
            if any(getattr(row, key) != value for key, value in _about(about)):
                return None
        if event.at_ms > latest_ms and event.kind not in DONE_TO_THEM:
            latest_ms = event.at_ms
    return latest_ms


def named(row: Any, acts: Iterable[Event]) -> tuple[dict[str, Any], int, list[FormerName]]:
    """Identity as the newest sign of life tells it, when that was, and the names that went out of use on the way.

    What an event leaves out stays as it was.
    """
    former: list[FormerName] = []
    identity: dict[str, Any] = {name: getattr(row, name) for name in IDENTITY} if row else dict(_NOBODY)
    identity["verified"] = bool(identity["verified"])
    newest = row.named_at_ms if row else 0
    for event in acts:
        who, passive = event.who, event.kind in DONE_TO_THEM
        login = identity["username"]
        # A late event tells an old name, and a moderator's order only a login.
        if who is None or (login and (passive or event.at_ms < newest)):
            continue
        before = (login, identity["display_name"])
        identity["username"] = (who.login or login or who.user_id)[:LOGIN_LENGTH]
        kept = identity["display_name"] if login == identity["username"] else identity["username"]
        identity["display_name"] = who.name[:NAME_LENGTH] or kept
        identity["avatar_url"] = picture_address(who.avatar) or identity["avatar_url"]
        if who.about and isinstance(who.about, Mapping):
            identity.update(_about(who.about))
        if login and before != (identity["username"], identity["display_name"]):
            former.append((*before, event.at_ms))
        if not passive:
            newest = event.at_ms
    return identity, newest, former


def _about(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a platform shows of a person, as far as it is of the right kind."""
    for name, most in _ABOUT.items():
        if isinstance(value := told.get(name), str):
            yield name, value[:most]
    if isinstance(verified := told.get("verified"), bool):
        yield "verified", verified
    for name in _COUNTS:
        if type(count := told.get(name)) is int and 0 <= count < 2**63:  # True is an int as well
            yield name, count


_NOBODY: Mapping[str, Any] = dict.fromkeys(("username", "display_name", "avatar_url", *_ABOUT), "") | {
    "verified": False,
    **dict.fromkeys(_COUNTS),
}
