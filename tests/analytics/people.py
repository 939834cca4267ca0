"""Made-up people, recorded by the real write path, and the slow way to tell of them that answers must agree with."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from actions import viewers as edits
from analytics import (
    viewer_found,
    viewer_names,
    viewer_plan,
    viewer_search_noted,
    viewer_search_read,
    viewer_walks,
    viewers,
)
from analytics.viewer_list import FILTERS, SORTS
from core.clock import DAY_MS
from core.db import Database
from core.events import Event, Kind, Person, Platform
from ingest.batch import Memory
from tests.support import NOON, UTC, act, chat, days, minutes, settle, write

NAMES = ("nova", "otto", "anna", "öyvind", "zoe_z", "мила", "li.na", "50%off", "さくら")


def person(number: int) -> Person:
    stem = NAMES[number % len(NAMES)]
    return Person(f"p{number}", f"{stem}{number}", f"{stem.title()} the {number}th")


def history(people: int, seed: int = 7) -> list[Event]:
    """What ``people`` did over two months on both platforms, in the order in which it happened."""
    random, events = Random(seed), []
    for number in range(people):
        who, platform = person(number), random.choice(list(Platform))
        for _ in range(random.randrange(1, 4)):
            at = NOON - random.randrange(days(60))
            more: dict[str, Any] = {"platform": platform, "channel": random.choice(("lena", "northwind"))}
            events.append(chat(who, "hello there", at, **more, amount=random.choice((0, 0, 5))))
            if platform is Platform.TIKTOK and random.random() < 0.4:
                count = random.randrange(1, 9)
                gift = {"gift_id": count, "name": f"Gift {count}", "quantity": count, "diamonds": 10}
                events.append(act(Kind.GIFT, who, at + 1_000, amount=10 * count, **gift, **more))
            if random.random() < 0.4:
                events.append(act(Kind.LIKE, who, at + 2_000, amount=random.randrange(30), **more))
                events.append(act(Kind.SHARE, who, at + minutes(3), **more))
    return sorted(events, key=lambda event: event.at_ms)


def record(db: Database, events: Iterable[Event]) -> None:
    memory, all_events = Memory(), list(events)
    for start in range(0, len(all_events), 400):
        part = all_events[start : start + 400]
        write(db, part, memory=memory, now_ms=part[-1].at_ms)
    settle(db, NOON)


def edit(db: Database, everybody: list[dict[str, Any]]) -> None:
    """Some become VIPs, some favourites, one is blocked."""
    for number, one in enumerate(everybody):
        if number % 9 == 0:
            edits.set_vip(db, one["id"], ("Bronze", "Gold")[number % 2], editor="lena", now_ms=NOON)
        if number % 7 == 0:
            edits.update(db, one["id"], {"is_favorite": True}, editor="lena", now_ms=NOON)


def bounds(monkeypatch: pytest.MonkeyPatch, **values: float) -> None:
    """Gives constants of the search for viewers other values, so that a handful of people are as many as a million."""
    for module in (viewer_found, viewer_names, viewer_plan, viewer_search_noted, viewer_search_read, viewer_walks):
        for name in values.keys() & vars(module).keys():
            monkeypatch.setattr(module, name, values[name])


def everybody(db: Database) -> list[dict[str, Any]]:
    """All profiles, read one by one from the whole table, without any index."""
    with db.reading() as connection:
        ids = [row[0] for row in connection.exec_driver_sql("SELECT id FROM viewers WHERE erased_at_ms IS NULL")]
        ignored = {row[0] for row in connection.exec_driver_sql("SELECT name FROM ignored_names")}
        raw = {
            row.id: row._mapping
            for row in connection.exec_driver_sql("SELECT * FROM viewers WHERE erased_at_ms IS NULL")
        }
        profiles = [viewers.profiles(connection, [id_], UTC, NOON)[0] for id_ in ids]
    return [{**one, "raw": raw[one["id"]]} for one in profiles if one["username"] not in ignored]


def slow_list(
    people: list[dict[str, Any]], *, sort_by: str, descending: bool, filter: str, search: str = ""
) -> list[int]:
    """The ids of the whole list, the way a page of it must agree with."""
    assert sort_by in SORTS
    assert filter in FILTERS
    found = [one for one in people if _passes(one, filter) and _is_called(one, search)]
    column = SORTS[sort_by]
    # Names sort by their bytes, as SQLite compares them.
    key = (lambda one: (one["raw"][column].encode(), one["id"])) if column == "username" else None
    found.sort(key=key or (lambda one: (one["raw"][column], one["id"])), reverse=descending)
    return [one["id"] for one in found]


def _passes(one: dict[str, Any], filter: str) -> bool:
    match filter:
        case "vip":
            return bool(one["is_vip"])
        case "favorites":
            return bool(one["is_favorite"])
        case "active":
            return bool(one["raw"]["last_seen_at_ms"] >= (NOON // DAY_MS - 30) * DAY_MS)
    return True


def _is_called(one: dict[str, Any], search: str) -> bool:
    text = search.strip().removeprefix("@").lower()
    if not text:
        return True
    if len(text) < 3:
        return bool(one["username"].startswith(text))
    return text in one["username"].lower() or text in one["display_name"].lower()
