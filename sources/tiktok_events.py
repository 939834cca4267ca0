"""PURE: what a message of TikTok LIVE means, as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import DAY_MS, MINUTE_MS
from core.events import NOTHING, Event, Kind, Mark, Person, Platform, picture_address
from sources.protobuf import Wanted
from sources.tiktok_gifts import GiftCatalogue, tick_of

TEXT_LENGTH, NAME_LENGTH, BIO_LENGTH = 2_000, 100, 1_000

_TIKTOK = Platform.TIKTOK
_BROADCASTER, _MODERATOR = int(Mark.BROADCASTER), int(Mark.MODERATOR)
_SUBSCRIBER, _VERIFIED = int(Mark.SUBSCRIBER), int(Mark.VERIFIED)
# Badges by ``scene_type``; the library's own ``is_moderator`` is always false.
_MARK_OF_BADGE = {1: _MODERATOR, 4: _SUBSCRIBER, 7: _SUBSCRIBER}
_SUBSCRIBED = 3  # JoinEvent.action
_SUB_SUCCESS = 0  # SubNotifyEvent.message_type; the others are reminders and goals
_CONTROL = {1: Kind.LIVE_PAUSE, 2: Kind.LIVE_RESUME, 3: Kind.LIVE_END, 4: Kind.LIVE_END}  # 4: suspended
_NOTHING_OF_OURS: tuple[Event, ...] = ()
_DIGITS_OF_64_BITS = 20
_EPOCH_MS = 1_000_000_000_000  # September 2001: what is smaller is told in seconds
_OLDEST_MS, _NEWEST_MS = 7 * DAY_MS, 5 * MINUTE_MS  # how far from now a time is believed


class Nameless(ValueError):
    """A message that must name a person, and does not: its payload is broken."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when a message arrived. ``msg_id`` is its envelope's, 0 if that has none."""

    channel: str
    room_id: str
    now_ms: int
    msg_id: int
    gifts: GiftCatalogue


Mapper = Callable[[Any, Scene], Sequence[Event]]


def events_of(method: str, message: Any, scene: Scene) -> Sequence[Event]:
    """What ``message``, parsed by the library, reports. Raises ``Nameless``, or what Python raises on broken fields."""
    return _MAPPERS[method](message, scene)


def id_of(message: Any, msg_id: int) -> int:
    """The message's own id, the envelope's where it has none; 0 when neither names one."""
    common = message.common
    return (common.msg_id if common is not None else 0) or msg_id


def moment_of(told: int, msg_id: int, now_ms: int) -> int:
    """When something happened, in milliseconds: the same each time it is told, wherever that can be had.

    ``told`` is seconds or milliseconds or nothing. TikTok's ids begin with the second they were made in.
    """
    for at_ms in (told * 1000 if told < _EPOCH_MS else told, (msg_id >> 32) * 1000):
        if now_ms - _OLDEST_MS <= at_ms <= now_ms + _NEWEST_MS:
            return at_ms
    return now_ms


def began_ms(room_id: str, now_ms: int, within_ms: int) -> int | None:
    """When a room was opened; None when that is longer ago than ``within_ms``, now when its id does not tell."""
    is_number = room_id.isascii() and room_id.isdigit() and len(room_id) <= _DIGITS_OF_64_BITS
    second = int(room_id) >> 32 if is_number else 0
    at_ms = second * 1000
    if not now_ms - 400 * DAY_MS <= at_ms <= now_ms + _NEWEST_MS:
        return now_ms
    return at_ms if now_ms - at_ms <= within_ms else None


def _event(kind: Kind, message: Any, scene: Scene, **more: Any) -> Event:
    msg_id, common = id_of(message, scene.msg_id), message.common
    at_ms = moment_of(common.create_time if common is not None else 0, msg_id, scene.now_ms)
    return Event(_TIKTOK, scene.channel, kind, at_ms, str(msg_id) if msg_id else None, **more)


def _done_by(kind: Kind, message: Any, scene: Scene, **more: Any) -> list[Event]:
    who = person_of(message.user)
    marks = _roles(message, who.login == scene.channel)
    return [_event(kind, message, scene, who=who, marks=marks, **more)]


def _chat(message: Any, scene: Scene) -> Sequence[Event]:
    return _done_by(Kind.CHAT, message, scene, text=_clean(message.content, TEXT_LENGTH))


def _gift(message: Any, scene: Scene) -> Sequence[Event]:
    coins, extra = tick_of(message, scene.room_id, scene.gifts)
    return _done_by(Kind.GIFT, message, scene, amount=coins, extra=extra)


def _like(message: Any, scene: Scene) -> Sequence[Event]:
    return _done_by(Kind.LIKE, message, scene, amount=max(message.count, 1))


def _social(message: Any, scene: Scene) -> Sequence[Event]:
    """Follows and shares are told apart by the text TikTok shows for them, and by nothing else."""
    common = message.common
    key = common.display_text.key if common is not None and common.display_text is not None else ""
    if "follow" in key:
        return _done_by(Kind.FOLLOW, message, scene)
    return _done_by(Kind.SHARE, message, scene) if "share" in key else _NOTHING_OF_OURS


def _member(message: Any, scene: Scene) -> Sequence[Event]:
    if message.action == _SUBSCRIBED:
        return _done_by(Kind.SUB, message, scene, amount=1)
    return _done_by(Kind.JOIN, message, scene)


def _subscription(message: Any, scene: Scene) -> Sequence[Event]:
    if message.message_type != _SUB_SUCCESS:
        return _NOTHING_OF_OURS
    return _done_by(Kind.SUB, message, scene, amount=max(message.sub_month, 1))


def _viewers(message: Any, scene: Scene) -> Sequence[Event]:
    return [_event(Kind.VIEWERS, message, scene, amount=max(message.total, 0))]


def _control(message: Any, scene: Scene) -> Sequence[Event]:
    kind = _CONTROL.get(message.action)
    return [_event(kind, message, scene)] if kind else _NOTHING_OF_OURS


def _removed(message: Any, scene: Scene) -> Sequence[Event]:
    """Messages that moderators took back, or all of some people's."""
    told = _event(Kind.DELETE, message, scene)
    events = []
    for target in message.delete_msg_ids:
        extra = {"target": str(target)}
        events.append(Event(_TIKTOK, scene.channel, Kind.DELETE, told.at_ms, f"del:{target}", extra=extra))
    for user_id in message.delete_user_ids:
        source_id = f"timeout:{scene.room_id}:{user_id}:{told.source_id}"
        who = Person(str(user_id), "")
        events.append(Event(_TIKTOK, scene.channel, Kind.TIMEOUT, told.at_ms, source_id, who))
    return events


def person_of(user: Any) -> Person:
    """A user of TikTok's. The id is 64 bit and stays text. Raises ``Nameless`` where there is none."""
    if user is None or not (user.id or user.id_str):
        raise Nameless("no user")
    pictures = user.avatar_thumb.url_list if user.avatar_thumb is not None else ()
    return Person(
        str(int(user.id) or _clean(user.id_str, NAME_LENGTH)),
        _clean(user.display_id, NAME_LENGTH).lower(),
        _clean(user.nickname, NAME_LENGTH),
        picture_address(pictures[0]) if pictures else "",
        _about(user),
    )


def _about(user: Any) -> Mapping[str, Any]:
    """What TikTok told of a person this time; it often tells nothing, which is no news that there is nothing."""
    about: dict[str, Any] = {}
    if bio := _clean(user.bio_description, BIO_LENGTH):
        about["bio"] = bio
    if user.verified:
        about["verified"] = True
    follows = user.follow_info
    if follows is not None and (follows.follower_count > 0 or follows.following_count > 0):
        about["follower_count"] = max(follows.follower_count, 0)
        about["following_count"] = max(follows.following_count, 0)
    return about or NOTHING


def _roles(message: Any, is_broadcaster: bool) -> int:
    marks = _BROADCASTER if is_broadcaster else 0
    user, identity = message.user, getattr(message, "user_identity", None)
    if user.verified:
        marks |= _VERIFIED
    for badge in user.badge_list:
        marks |= _MARK_OF_BADGE.get(badge.scene_type, 0)
    if identity is not None:
        marks |= _BROADCASTER if identity.is_anchor else 0
        marks |= _MODERATOR if identity.is_moderator_of_anchor else 0
        marks |= _SUBSCRIBER if identity.is_subscriber_of_anchor else 0
    return marks


def _clean(text: str, length: int) -> str:
    """PostgreSQL takes no NUL, and nothing that people see is as long as what a peer could send."""
    return text[:length].replace("\0", "")


_MAPPERS: dict[str, Mapper] = {
    "WebcastChatMessage": _chat,
    "WebcastGiftMessage": _gift,
    "WebcastLikeMessage": _like,
    "WebcastSocialMessage": _social,
    "WebcastMemberMessage": _member,
    "WebcastSubNotifyMessage": _subscription,
    "WebcastRoomUserSeqMessage": _viewers,
    "WebcastControlMessage": _control,
    "WebcastImDeleteMessage": _removed,
}

# What of each message is read at all.
_COMMON: Wanted = {"msg_id": None, "create_time": None, "display_text": {"key": None}}
_USER: Wanted = {
    "id": None,
    "id_str": None,
    "display_id": None,
    "nickname": None,
    "bio_description": None,
    "verified": None,
    "avatar_thumb": {"url_list": None},
    "follow_info": {"follower_count": None, "following_count": None},
    "badge_list": {"scene_type": None},
}
_IDENTITY: Wanted = {"is_anchor": None, "is_moderator_of_anchor": None, "is_subscriber_of_anchor": None}
_GIFT: Wanted = {"name": None, "diamond_count": None, "type": None}
_TICK: Wanted = {"gift_id": None, "gift": _GIFT, "repeat_count": None, "repeat_end": None, "group_id": None}
_DONE: Wanted = {"common": _COMMON, "user": _USER}
WANTED: Mapping[str, Wanted] = {
    "WebcastChatMessage": {**_DONE, "content": None, "user_identity": _IDENTITY},
    "WebcastGiftMessage": {**_DONE, **_TICK, "user_identity": _IDENTITY},
    "WebcastLikeMessage": {**_DONE, "count": None},
    "WebcastSocialMessage": _DONE,
    "WebcastMemberMessage": {**_DONE, "action": None},
    "WebcastSubNotifyMessage": {**_DONE, "message_type": None, "sub_month": None},
    "WebcastRoomUserSeqMessage": {"common": _COMMON, "total": None},
    "WebcastControlMessage": {"common": _COMMON, "action": None},
    "WebcastImDeleteMessage": {"common": _COMMON, "delete_msg_ids": None, "delete_user_ids": None},
}
