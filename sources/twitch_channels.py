"""How Twitch stands towards each channel: every change is told once."""

from __future__ import annotations

from collections.abc import Iterable

from core.clock import now_ms
from core.events import Platform, SourceState, SourceStatus
from sources.base import Sink


class ChannelStates:
    """The state of each of ``names``, told to ``sink`` when it changes."""

    def __init__(self, names: Iterable[str], sink: Sink) -> None:
        self.names = tuple(dict.fromkeys(name.lstrip("#").lower() for name in names))
        self._sink = sink
        self._statuses: dict[str, SourceStatus] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def state(self, name: str) -> SourceState | None:
        """None before anything was told of it."""
        status = self._statuses.get(name)
        return status.state if status else None

    def has_failed(self, name: str) -> bool:
        return self.state(name) is SourceState.FAILED

    def tell(
        self,
        name: str,
        state: SourceState,
        detail: str = "",
        *,
        at_ms: int | None = None,
        retry_at_ms: int | None = None,
    ) -> None:
        known = self._statuses.get(name)
        if known and (known.state, known.detail, known.retry_at_ms) == (state, detail, retry_at_ms):
            return
        at_ms = now_ms() if at_ms is None else at_ms
        status = SourceStatus(Platform.TWITCH, name, state, at_ms, detail, retry_at_ms)
        self._statuses[name] = status
        self._sink.status(status)

    def tell_all(
        self, state: SourceState, detail: str = "", *, at_ms: int | None = None, retry_at_ms: int | None = None
    ) -> None:
        """Of the connection as a whole. A channel that has failed has failed, connected or not."""
        at_ms = now_ms() if at_ms is None else at_ms
        for name in self.names:
            if not self.has_failed(name):
                self.tell(name, state, detail, at_ms=at_ms, retry_at_ms=retry_at_ms)

    def stop(self, at_ms: int) -> None:
        for name in self.names:
            self.tell(name, SourceState.STOPPED, at_ms=at_ms)
