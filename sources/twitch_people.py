"""PURE: who is who on Twitch: joins and parts name only a login, what people say names their id as well."""

from __future__ import annotations

from dataclasses import replace

from core.events import Event, Kind

_WITHOUT_ID = (Kind.JOIN, Kind.PART)


class KnownPeople:
    """The user ids of those who spoke last, by login; of at most ``capacity`` people."""

    def __init__(self, capacity: int = 50_000) -> None:
        self._capacity = capacity
        self._ids: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def recognise(self, event: Event) -> Event:
        """``event`` with its person's id, if that can be known; what it tells of them is remembered."""
        who = event.who
        if who is None:
            return event
        if who.user_id:
            self._learn(who.login, who.user_id)
        elif event.kind in _WITHOUT_ID and (user_id := self._ids.get(who.login)):
            return replace(event, who=replace(who, user_id=user_id))
        return event

    def _learn(self, login: str, user_id: str) -> None:
        """A login can change hands: the newest holds, and who was not heard of for longest goes first."""
        self._ids.pop(login, None)
        self._ids[login] = user_id
        if len(self._ids) > self._capacity:
            del self._ids[next(iter(self._ids))]
