"""PURE: what a line of Twitch chat means, as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from core.events import NOTHING, Event, Kind, Mark, Person, Platform
from sources.irc import Line

Tags = Mapping[str, str]
Mapper = Callable[[Line, int, str], Sequence[Event] | None]

# Module names and plain ints: a member looked up on its enum costs 0.1 µs, "|" on IntFlag more than all the rest.
_TWITCH, _CHAT = Platform.TWITCH, Kind.CHAT
_MODERATOR, _VIP, _SUBSCRIBER, _STAFF = (int(m) for m in (Mark.MODERATOR, Mark.VIP, Mark.SUBSCRIBER, Mark.STAFF))
_FIRST, _ACTION, _SHARED, _REPLY = (int(m) for m in (Mark.FIRST, Mark.ACTION, Mark.SHARED, Mark.REPLY))
_HIGHLIGHTED, _ANNOUNCEMENT = int(Mark.HIGHLIGHTED), int(Mark.ANNOUNCEMENT)
_MARK_OF_BADGE = {
    "broadcaster": int(Mark.BROADCASTER),
    "moderator": _MODERATOR,
    "lead_moderator": _MODERATOR,
    "vip": _VIP,
    "subscriber": _SUBSCRIBER,
    "founder": _SUBSCRIBER,
    "staff": _STAFF,
    "admin": _STAFF,
    "global_mod": _STAFF,
    "partner": int(Mark.VERIFIED),
}
_MARK_OF_USER_TYPE = {"mod": _MODERATOR, "staff": _STAFF, "admin": _STAFF, "global_mod": _STAFF}
_NOTHING_OF_OURS: tuple[Event, ...] = ()
# Not one person but everybody who wants to stay unknown: they would lead every list.
_ANONYMOUS = frozenset({"ananonymousgifter", "ananonymouscheerer"})
_DIGITS_OF_MS = 13  # Unix milliseconds from 2001 to 2286


def events_of(line: Line, now_ms: int, own_login: str = "") -> Sequence[Event] | None:
    """What ``line`` reports: no, one or several events; None when it should report one and is malformed. Never raises.

    ``now_ms`` dates what Twitch does not date. What ``own_login``, the reader itself, does is not reported.
    """
    mapper = _MAPPERS.get(line.command)
    return mapper(line, now_ms, own_login) if mapper else _NOTHING_OF_OURS


def _chat(line: Line, now_ms: int, own_login: str) -> Sequence[Event] | None:
    tags, login, channel = line.tags, line.nick, line.channel
    if not login or not channel or len(line.params) < 2:
        return None
    if login == own_login:
        return _NOTHING_OF_OURS
    text = line.params[1]
    marks = _roles(tags)
    if text.startswith("\x01ACTION "):
        # Positions of emotes count from behind the frame of /me, so it goes first.
        text = text[8:].removesuffix("\x01")
        marks |= _ACTION
    if tags.get("first-msg") == "1":
        marks |= _FIRST
    if tags.get("msg-id") == "highlighted-message":
        marks |= _HIGHLIGHTED
    return [_message(line, now_ms, channel, login, text, marks)]


def _message(line: Line, now_ms: int, channel: str, login: str, text: str, marks: int) -> Event:
    tags = line.tags
    extra: dict[str, Any] = {}
    marks |= _describe(tags, text, extra)
    if _is_anonymous(tags, login):
        extra["anonymous"] = True
    sent_ms, source_id = _sent_ms(tags, now_ms), tags.get("id") or None
    who, bits = _person(tags, login), _number(tags.get("bits"))
    return Event(_TWITCH, channel, _CHAT, sent_ms, source_id, who, text, bits, marks, extra or NOTHING)


def _describe(tags: Tags, text: str, extra: dict[str, Any]) -> int:
    """Adds what the tags tell of a text to ``extra``; returns the marks that go with it."""
    marks = 0
    if (positions := tags.get("emotes")) and (emotes := _emotes(positions, text)):
        extra["emotes"] = emotes
    if color := tags.get("color"):
        extra["color"] = color
    if answered := tags.get("reply-parent-user-login"):
        extra["reply_to"] = answered.lower()
        marks = _REPLY
    room = tags.get("source-room-id")
    if room and room != tags.get("room-id"):
        extra["shared_from"] = room
        marks |= _SHARED
    return marks


def _notice_to_all(line: Line, now_ms: int, own_login: str) -> Sequence[Event] | None:
    """USERNOTICE: its msg-id says what happened. Unknown ones and other channels' (``sharedchatnotice``) are none."""
    tags, channel = line.tags, line.channel
    login = tags.get("login", "").lower()
    if not channel or not login:
        return None
    if login == own_login:
        return _NOTHING_OF_OURS
    text = line.params[1] if len(line.params) > 1 else ""
    what = tags.get("msg-id", "")
    if text and what in _SPOKEN:
        # These carry what a person wrote, and no PRIVMSG repeats it.
        return [_message(line, now_ms, channel, login, text, _roles(tags) | _SPOKEN[what])]
    kind = _KIND_OF_NOTICE.get(what)
    if kind is None:
        return _NOTHING_OF_OURS
    extra = _money_extra(tags, login)
    marks = _roles(tags) | _describe(tags, text, extra)
    sent_ms, source_id = _sent_ms(tags, now_ms), tags.get("id") or None
    who, amount = _person(tags, login), _amount_of_notice(kind, tags)
    return [Event(_TWITCH, channel, kind, sent_ms, source_id, who, text, amount, marks, extra or NOTHING)]


def _money_extra(tags: Tags, login: str) -> dict[str, Any]:
    """What is known of a subscription: plan, who got it, the mass gift it belongs to."""
    extra: dict[str, Any] = {}
    for key, tag in _EXTRA_OF_NOTICE:
        if value := tags.get(tag):
            extra[key] = value
    if "recipient" in extra:
        extra["recipient"] = extra["recipient"].lower()
    if months := _number(tags.get("msg-param-gift-months")):
        extra["months"] = months
    if _is_anonymous(tags, login):
        extra["anonymous"] = True
    return extra


def _amount_of_notice(kind: Kind, tags: Tags) -> int:
    if kind is Kind.RAID:
        return _number(tags.get("msg-param-viewerCount"))
    if kind is Kind.SUBGIFT:
        return 1
    return _number(tags.get("msg-param-cumulative-months")) or _number(tags.get("msg-param-months")) or 1


def _came_or_went(line: Line, now_ms: int, own_login: str) -> Sequence[Event] | None:
    login, channel = line.nick, line.channel
    if not login or not channel:
        return None
    kind = Kind.JOIN if line.command == "JOIN" else Kind.PART
    return _NOTHING_OF_OURS if login == own_login else [_presence(channel, kind, now_ms, login)]


def _names(line: Line, now_ms: int, own_login: str) -> Sequence[Event] | None:
    """353, ``me = #channel :name name …``: who was there before we came."""
    if len(line.params) < 4 or not line.params[2].startswith("#"):
        return None
    channel = line.params[2][1:].lower()
    logins = (name.lower() for name in line.params[3].split(" ") if name)
    return [_presence(channel, Kind.JOIN, now_ms, login) for login in logins if login != own_login]


def _presence(channel: str, kind: Kind, now_ms: int, login: str) -> Event:
    """Twitch gives no user id with these, and no time."""
    return Event(_TWITCH, channel, kind, now_ms, None, Person("", login))


def _message_deleted(line: Line, now_ms: int, _: str) -> Sequence[Event] | None:
    tags, channel, target = line.tags, line.channel, line.tags.get("target-msg-id")
    if not channel or not target:
        return None
    who = Person("", tags.get("login", "").lower())
    extra = {"target": target}
    at_ms = _sent_ms(tags, now_ms)
    return [Event(_TWITCH, channel, Kind.DELETE, at_ms, f"del:{target}", who, extra=extra)]


def _chat_cleared(line: Line, now_ms: int, _: str) -> Sequence[Event] | None:
    tags, channel = line.tags, line.channel
    if not channel:
        return None
    at_ms = _sent_ms(tags, now_ms)
    sent, room = tags.get("tmi-sent-ts"), tags.get("room-id") or channel
    login = line.params[1].lower() if len(line.params) > 1 else ""
    if not login:
        source_id = f"clear:{room}:{sent}" if sent else None
        return [Event(_TWITCH, channel, Kind.CLEAR, at_ms, source_id)]
    user_id = tags.get("target-user-id", "")
    source_id = f"timeout:{room}:{user_id or login}:{sent}" if sent else None
    seconds = _number(tags.get("ban-duration"))
    return [Event(_TWITCH, channel, Kind.TIMEOUT, at_ms, source_id, Person(user_id, login), amount=seconds)]


def _is_anonymous(tags: Tags, login: str) -> bool:
    return login in _ANONYMOUS or tags.get("msg-id") == "anonsubgift"


def _person(tags: Tags, login: str) -> Person:
    if _is_anonymous(tags, login):
        return Person("", login)  # without a user id it belongs to nobody, and counts for the stream all the same
    return Person(tags.get("user-id", ""), login, tags.get("display-name", ""))


def _roles(tags: Tags) -> int:
    marks = _marks_of_badges(tags.get("badges", ""))
    if tags.get("mod") == "1":
        marks |= _MODERATOR
    if tags.get("subscriber") == "1":
        marks |= _SUBSCRIBER
    if tags.get("vip") == "1":
        marks |= _VIP
    if user_type := tags.get("user-type"):
        marks |= _MARK_OF_USER_TYPE.get(user_type, 0)
    return marks


@lru_cache(maxsize=4096)
def _marks_of_badges(badges: str) -> int:
    """``"moderator/1,subscriber/12"`` → marks. A channel has few combinations, and they come thousands of times."""
    marks = 0
    for badge in badges.split(","):
        marks |= _MARK_OF_BADGE.get(badge.partition("/")[0], 0)
    return marks


def _emotes(positions: str, text: str) -> list[str]:
    """``"25:0-4,12-16/1902:6-10"`` → the emotes' names as they stand in the text, in its order."""
    found, length = [], len(text)
    for emote in positions.split("/"):
        for span in emote.rpartition(":")[2].split(","):
            first, _, last = span.partition("-")
            try:
                start, end = int(first), int(last) + 1
            except ValueError:
                continue
            if 0 <= start < end <= length:
                found.append((start, text[start:end]))
    found.sort()
    return [name for _, name in found]


def _sent_ms(tags: Tags, now_ms: int) -> int:
    sent = tags.get("tmi-sent-ts", "")
    return int(sent) if len(sent) == _DIGITS_OF_MS and sent.isascii() and sent.isdigit() else now_ms


def _number(digits: str | None) -> int:
    """A count from a tag; what is no count, or too large for any database's integer, is 0."""
    return int(digits) if digits and len(digits) <= 9 and digits.isascii() and digits.isdigit() else 0


_KIND_OF_NOTICE = {
    "sub": Kind.SUB,
    "resub": Kind.RESUB,
    # A mass gift is one submysterygift and N of these: only these count.
    "subgift": Kind.SUBGIFT,
    "anonsubgift": Kind.SUBGIFT,
    "primepaidupgrade": Kind.SUB,
    "giftpaidupgrade": Kind.SUB,
    "anongiftpaidupgrade": Kind.SUB,
    "raid": Kind.RAID,
}
_SPOKEN = {"announcement": _ANNOUNCEMENT, "bitsbadgetier": 0, "ritual": 0, "viewermilestone": 0}
_EXTRA_OF_NOTICE = (
    ("plan", "msg-param-sub-plan"),
    ("recipient", "msg-param-recipient-user-name"),
    ("recipient_id", "msg-param-recipient-id"),
    ("origin", "msg-param-origin-id"),
)
_MAPPERS: dict[str, Mapper] = {
    "PRIVMSG": _chat,
    "USERNOTICE": _notice_to_all,
    "JOIN": _came_or_went,
    "PART": _came_or_went,
    "353": _names,
    "CLEARMSG": _message_deleted,
    "CLEARCHAT": _chat_cleared,
}
