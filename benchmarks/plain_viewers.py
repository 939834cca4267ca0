"""What an obvious program does with a table of people: read it all, sort it all, for every question."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core.clock import DAY_MS, now_ms

FILTERS = {
    "all": "1",
    "vip": "vip_tier_id IS NOT NULL",
    "active": f"last_seen_at_ms >= (:now / {DAY_MS} - 30) * {DAY_MS}",
    "favorites": "favorite_since_ms IS NOT NULL",
}
SORTS = {"total_watchtime_seconds": "total_watchtime_ms", "last_seen_at": "last_seen_at_ms"} | {
    "first_seen_at": "first_seen_at_ms"
}
SUMMARY = """SELECT count(*), sum(total_coins_spent), avg(total_watchtime_ms), sum(vip_tier_id IS NOT NULL),
             sum(last_seen_at_ms >= :since) FROM viewers"""


class Plain:
    """The same rows in a table without any index, asked with ORDER BY … LIMIT/OFFSET, count(*) and LIKE '%x%'."""

    def __init__(self, file: Path, of: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("PRAGMA cache_size = -16000")
        self._connection.execute("ATTACH ? AS product", (f"{of}",))
        for table in ("viewers", "viewer_hours", "gifts", "current_sessions", "stream_viewers", "channels"):
            self._connection.execute(f"CREATE TABLE {table} AS SELECT * FROM product.{table}")
        self._connection.execute("DETACH product")

    def page(self, sort: str, filter: str = "all", search: str = "", offset: int = 0, limit: int = 50) -> None:
        given: dict[str, str | int] = {"now": now_ms(), "search": f"%{search}%", "limit": limit, "offset": offset}
        where = FILTERS[filter]
        if search:
            where += " AND (username LIKE :search OR display_name LIKE :search)"
        self._ask(f"SELECT count(*) FROM viewers WHERE {where}", **given)
        column = SORTS.get(sort, sort)
        self._ask(f"SELECT * FROM viewers WHERE {where} ORDER BY {column} DESC LIMIT :limit OFFSET :offset", **given)

    def leaders(self, column: str) -> None:
        self._ask(f"SELECT * FROM viewers WHERE NOT is_blocked ORDER BY {column} DESC LIMIT 10")

    def summary(self) -> None:
        self._ask(SUMMARY, since=now_ms() - 30 * DAY_MS)
        self.leaders("total_coins_spent")

    def week(self) -> None:
        self._ask("SELECT slot, sum(events), sum(coins) FROM viewer_hours GROUP BY slot ORDER BY 2 DESC")

    def profile(self, username: str) -> None:
        found = self._connection.execute("SELECT * FROM viewers WHERE username = ?", (username,)).fetchone()
        self._ask("SELECT * FROM viewer_hours WHERE viewer_id = :id", id=found[0])
        self._ask("SELECT name, sum(coins) FROM gifts WHERE viewer_id = :id GROUP BY 1 ORDER BY 2 DESC", id=found[0])

    def stream_leaders(self) -> None:
        joined = "stream_viewers JOIN viewers ON viewers.id = viewer_id WHERE coins > 0"
        self._ask(f"SELECT viewers.*, coins FROM {joined} ORDER BY coins DESC LIMIT 10")

    def present(self) -> None:
        joined = "current_sessions JOIN viewers ON viewers.id = viewer_id WHERE left_at_ms IS NULL"
        self._ask(f"SELECT count(*) FROM {joined}")
        self._ask(f"SELECT username, joined_at_ms FROM {joined} ORDER BY joined_at_ms LIMIT 500")

    def birthdays(self) -> None:
        self._ask("SELECT * FROM viewers WHERE substr(birthday, 6) BETWEEN '11-20' AND '11-27'")

    def _ask(self, query: str, **given: str | int) -> None:
        self._connection.execute(query, given).fetchall()

    def close(self) -> None:
        self._connection.close()
