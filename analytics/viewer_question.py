"""What of the list of people is asked for, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.viewer_queries import MARKED, Filter, Order
from analytics.viewers import LONGEST_NAME

DEEP = 10_000  # people before a page that make it take so long that others would wait for it


@dataclass(frozen=True, slots=True)
class Window:
    """Which of those who fit, counted from the nearer end; ``turned``: that is the end of the list."""

    offset: int
    limit: int
    order: Order
    turned: bool = False

    @property
    def end(self) -> int:
        return self.offset + self.limit


@dataclass(frozen=True, slots=True)
class Question:
    """``sort_by`` is a key of SORTS."""

    now_ms: int
    page: int = 1
    limit: int = 50
    sort_by: str = "total_coins_spent"
    descending: bool = True
    search: str = ""
    filter: Filter = "all"

    @property
    def order(self) -> Order:
        return Order(self.sort_by, self.descending)

    @property
    def text(self) -> str:
        """What is looked for. No name is longer, and none holds NUL."""
        return self.search.replace("\0", "").strip().removeprefix("@")[: 2 * LONGEST_NAME]

    @property
    def is_of_marked(self) -> bool:
        """Whether the filter has indexes that hold nobody else."""
        return self.filter in MARKED

    @property
    def may_read_much(self) -> bool:
        """Whether no index alone answers: among a million people that may take a tenth of a second."""
        active = self.filter == "active" and self.sort_by != "last_seen_at"
        return bool(self.text) or (active and self.page > 1) or self.page * self.limit > DEEP

    def window(self, total: int) -> Window:
        offset = (self.page - 1) * self.limit
        limit = max(0, min(self.limit, total - offset))
        if limit and offset > total // 2:
            return Window(total - offset - limit, limit, self.order.turned(), turned=True)
        return Window(offset, limit, self.order)

    def window_from_start(self, total: int) -> Window:
        """The same where ``total`` is not the end."""
        offset = (self.page - 1) * self.limit
        return Window(offset, max(0, min(self.limit, total - offset)), self.order)


@dataclass(frozen=True, slots=True)
class Page:
    """The people on it. Not ``exact``: there are more than ``total``."""

    ids: list[int]
    total: int
    exact: bool = True
