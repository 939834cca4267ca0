"""Sessions: when a person's visit to a channel begins and ends, and how much of it was watched."""

from __future__ import annotations

from dataclasses import dataclass

HEARTBEAT_MS = 60_000  # how often the watchtime of open sessions is brought up to date
UNCOUNTED_MS = 5 * HEARTBEAT_MS  # what no heartbeat came by for so long is over: no collector runs that would end it


@dataclass(slots=True)
class Session:
    """One visit. All times are UTC milliseconds.

    It lasts until the person leaves (or the stream ends), or ``timeout_ms`` after their last sign of life.
    ``counted_until_ms``: up to here it is in ``watched_ms`` already.
    """

    stream_id: int | None
    joined_ms: int
    last_ms: int
    counted_until_ms: int
    watched_ms: int = 0
    left_ms: int | None = None

    def ends_ms(self, timeout_ms: int) -> int:
        """When it is over, if nothing more is heard of the person."""
        silent_ms = self.last_ms + timeout_ms
        return silent_ms if self.left_ms is None else min(self.left_ms, silent_ms)

    def _went(self, timeout_ms: int) -> bool:
        """Whether they left; who only fell silent may still turn out to have been there (news can come late)."""
        return self.left_ms is not None and self.left_ms < self.last_ms + timeout_ms

    def goes_on(self, at_ms: int, stream_id: int | None, timeout_ms: int) -> bool:
        """Whether a sign of life at ``at_ms`` belongs to this session rather than to a new one."""
        if at_ms <= self.last_ms:
            return True  # news that come late add nothing
        if stream_id is not None and self.stream_id is not None and stream_id != self.stream_id:
            return False
        # Who leaves and is back at once has not come anew: connections flap.
        until_ms = self.left_ms if self._went(timeout_ms) and self.left_ms is not None else self.last_ms
        return at_ms <= until_ms + timeout_ms

    def hear(self, at_ms: int, stream_id: int | None, timeout_ms: int) -> bool:
        """A sign of life by which nothing changes but when the last one was, as by nearly all; False: ask further."""
        if self.left_ms is not None or (stream_id is not None and stream_id != self.stream_id):
            return False
        if at_ms > self.last_ms:
            if at_ms > self.last_ms + timeout_ms:
                return False
            self.last_ms = at_ms
        return True

    def sign(self, at_ms: int, stream_id: int | None, timeout_ms: int) -> int:
        """A sign of life that belongs to this session. Answers the watchtime that was counted on the way.

        What is counted already beyond ``at_ms`` belongs to the stream, if only now one is known.
        """
        if at_ms <= self.last_ms:
            return 0
        added_ms = 0
        if self.stream_id is None and stream_id is not None:
            added_ms = self.count(at_ms, timeout_ms)  # what was before the stream is not watched of it
            self.stream_id = stream_id
        if not self._went(timeout_ms):
            self.left_ms = None
        elif self.left_ms is not None and at_ms > self.left_ms:
            self.counted_until_ms = max(self.counted_until_ms, at_ms)  # the time away was not watched
            self.left_ms = None
        self.last_ms = at_ms
        return added_ms

    def leave(self, at_ms: int, timeout_ms: int) -> int:
        """They left, or the stream ended. Answers by how much the watchtime changes: what is told late takes back."""
        if at_ms < self.last_ms or at_ms >= self.ends_ms(timeout_ms):
            return 0
        self.left_ms = at_ms
        added_ms = at_ms - self.counted_until_ms
        self.counted_until_ms = at_ms
        self.watched_ms += added_ms
        return added_ms

    def count(self, now_ms: int, timeout_ms: int) -> int:
        """A heartbeat: what was watched until ``now_ms`` and is not counted yet, in milliseconds; it is counted now."""
        until_ms = min(now_ms, self.ends_ms(timeout_ms))
        added_ms = max(0, until_ms - self.counted_until_ms)
        self.counted_until_ms += added_ms
        self.watched_ms += added_ms
        return added_ms

    def is_over(self, now_ms: int, timeout_ms: int) -> bool:
        return now_ms >= self.ends_ms(timeout_ms)
