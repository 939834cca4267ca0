"""The trail of edits: who changed what of a person, when, from what to what."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core.statements import BulkStatement
from models import ViewerEdit

EDITOR_LENGTH = 64  # the column's; PostgreSQL refuses more


@dataclass(frozen=True, slots=True)
class Edit:
    """``before`` and ``after`` are plain JSON values."""

    viewer_id: int
    field: str
    before: Any
    after: Any


def record(connection: Connection, edits: Iterable[Edit], *, editor: str, now_ms: int) -> None:
    rows = [
        (edit.viewer_id, now_ms, editor[:EDITOR_LENGTH], edit.field, _json(edit.before), _json(edit.after))
        for edit in edits
    ]
    _INSERT.run(connection, rows)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_INSERT = BulkStatement(lambda insert: insert(ViewerEdit), ("viewer_id", "at_ms", "editor", "field", "before", "after"))
