"""What people have asked for since a backup was made, and what becomes of it when that is restored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ingest.privacy import SALT

# Rows keep their number; a database that is no later state of the backup's has other people under it.
_ERASED_SINCE = """
SELECT restored.platform || ':' || restored.username
FROM main.viewers AS restored
JOIN replaced.viewers AS later USING (id, platform, first_seen_at_ms)
WHERE later.erased_at_ms IS NOT NULL AND restored.erased_at_ms IS NULL
ORDER BY 1
"""
_SALT_OF_BOTH = "SELECT value FROM {}.installation WHERE key = ?"


def carry(replaced: Path, restored: Path) -> list[str]:
    """Takes over into ``restored`` who asked not to be recorded; answers whom it brings back who was erased since.

    ``replaced``: the database whose place it takes; one that cannot be read any more tells nothing. Those who come back
    are left as they are: perhaps it is restored because somebody has erased them. Each is told like ``twitch:nova``.
    """
    with closing(sqlite3.connect(restored, isolation_level=None)) as connection:
        try:
            connection.execute("ATTACH ? AS replaced", (str(replaced),))
            _carry_opt_outs(connection)
            return [row[0] for row in connection.execute(_ERASED_SINCE)]
        except sqlite3.DatabaseError:
            return []


def _carry_opt_outs(connection: sqlite3.Connection) -> None:
    """Hashes mean nothing under another salt; where nobody had opted out yet there is none, and theirs is taken."""
    ours, theirs = (connection.execute(_SALT_OF_BOTH.format(of), (SALT,)).fetchone() for of in ("main", "replaced"))
    if theirs is None or ours not in (None, theirs):
        return
    connection.execute("BEGIN")
    connection.execute("INSERT OR IGNORE INTO main.installation (key, value) VALUES (?, ?)", (SALT, *theirs))
    wishes = "SELECT person_hash, at_ms FROM replaced.opt_outs"
    connection.execute(f"INSERT OR IGNORE INTO main.opt_outs (person_hash, at_ms) {wishes}")
    connection.execute("COMMIT")
