"""Everybody together: how many people there are, what they gave and watched in all, and when they were last seen."""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy import Connection

from core.clock import DAY_MS
from core.statements import adding
from models import LastSeenDay, ViewerTotal


class Census:
    """Changes of the totals, gathered over a batch and written once."""

    def __init__(self) -> None:
        self._totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._days: Counter[int] = Counter()

    def add(self, platform: str, *, viewers: int = 0, coins: int = 0, watchtime_ms: int = 0) -> None:
        self._totals[platform].update(viewers=viewers, coins=coins, watchtime_ms=watchtime_ms)

    def seen(self, before_ms: int | None, after_ms: int | None) -> None:
        """Somebody's last sign of life moves; None: they come, or go for good."""
        if before_ms is not None:
            self._days[before_ms // DAY_MS] -= 1
        if after_ms is not None:
            self._days[after_ms // DAY_MS] += 1

    def write(self, connection: Connection) -> None:
        totals = [(of, *(added[name] for name in COUNTED)) for of, added in self._totals.items() if any(added.values())]
        _ADD_TOTALS.run(connection, totals)
        _ADD_DAYS.run(connection, [(day, people) for day, people in sorted(self._days.items()) if people])


COUNTED = ("viewers", "coins", "watchtime_ms")
_ADD_TOTALS = adding(ViewerTotal, ["platform"], COUNTED)
_ADD_DAYS = adding(LastSeenDay, ["day"], ["viewers"])
