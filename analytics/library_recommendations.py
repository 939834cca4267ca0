"""What a user may like: titles that those who watched the same have watched too, each with the reason.

Item to item, and fresh: neither model nor nightly job, but a bounded number of index reads. Of the titles a user liked
best the newest people who watched them are asked what else they watched; a title counts more, the more of these people
it has won and the fewer watch it anyway (cosine). Where nothing is known of the user, or not enough is found, what is
popular in their genres and then with everybody follows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from sqlalchemy import Connection, bindparam, select

from analytics.library import NoSuchUser
from core.statements import Prepared, among
from models import LibraryContent, LibraryMember, LibraryReview, LibraryWatch

SEEDS = 6  # of a user's titles
FANS = 30  # of a title, the newest
TITLES = 20  # of a fan, the newest
MOST_FANS = 100
CANDIDATES = 300  # that most fans watched: of these it is asked how many watch them anyway
HISTORY = 100_000  # of a user's own watches and reviews: what was seen must not be recommended
POPULAR = 200  # titles looked through for one that is new to the user
GIVEN_UP = 1_000  # hundredths of a percent: who saw less of a title did not choose it


@dataclass(frozen=True, slots=True)
class _Taste:
    """``weights``: how much a user liked titles, the best first; ``seen``: everything they watched or reviewed."""

    weights: dict[int, float]
    seen: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Found:
    """A title with its score; ``because``: the title it was found by, or the genre it is popular in, or None."""

    content_id: int
    score: float
    basis: str
    because: Any = None


def recommendations(connection: Connection, user_id: int, limit: int) -> list[dict[str, Any]]:
    """The likeliest first; none that the user watched or reviewed. Raises NoSuchUser."""
    if _USER(connection, user=user_id).first() is None:
        raise NoSuchUser(f"there is no user {user_id}")
    taste = _taste(connection, user_id)
    found = _similar(connection, user_id, taste)[:limit]
    chosen = {one.content_id for one in found}
    for one in _popular(connection, taste):
        if len(found) >= limit:
            break
        if one.content_id not in chosen:
            chosen.add(one.content_id)
            found.append(one)
    return _told(connection, found)


def _taste(connection: Connection, user_id: int) -> _Taste:
    """Watched to the end and reviewed well is liked; reviewed below what the user usually gives is not."""
    weights: dict[int, float] = {}
    seen: set[int] = set()
    for content_id, progress in _HISTORY(connection, user=user_id, limit=HISTORY).all():
        seen.add(content_id)
        weights[content_id] = max(weights.get(content_id, 0.0), progress / 10_000)
    ratings = dict(
        reversed([(row.content_id, row.rating) for row in _REVIEWS(connection, user=user_id, limit=HISTORY)])
    )
    usual = sum(ratings.values()) / len(ratings) if ratings else 0.0
    for content_id, rating in ratings.items():
        seen.add(content_id)
        weights[content_id] = max(weights.get(content_id, 0.0), 0.5) + (rating - usual) / 250
    liked = {content_id: weight for content_id, weight in weights.items() if weight > GIVEN_UP / 10_000}
    best = sorted(liked, key=lambda one: -liked[one])  # of equals the newest, which came first
    return _Taste({content_id: liked[content_id] for content_id in best}, frozenset(seen))


def _similar(connection: Connection, user_id: int, taste: _Taste) -> list[_Found]:
    """Titles that the fans of what the user liked have watched, the closest first."""
    fans: dict[int, list[int]] = {}
    asked: dict[int, list[int]] = {}
    for seed in list(taste.weights)[:SEEDS]:
        everybody = list(_FANS(connection, title=seed, limit=FANS).scalars())
        theirs = [fan for fan in dict.fromkeys(everybody) if fan != user_id]
        fans[seed] = [fan for fan in theirs if fan in asked or len(asked) < MOST_FANS]
        for fan in fans[seed]:
            if fan not in asked:
                asked[fan] = _titles_of(connection, fan)
    together = {
        seed: _counted((title for fan in members for title in asked[fan]), taste.seen) for seed, members in fans.items()
    }
    return _scored(connection, taste, fans, together)


def _titles_of(connection: Connection, fan: int) -> list[int]:
    watched = _HISTORY(connection, user=fan, limit=TITLES).all()
    return list(dict.fromkeys(content_id for content_id, progress in watched if progress >= GIVEN_UP))


def _counted(titles: Iterable[int], seen: frozenset[int]) -> dict[int, int]:
    found: defaultdict[int, int] = defaultdict(int)
    for title in titles:
        if title not in seen:
            found[title] += 1
    return found


def _scored(
    connection: Connection, taste: _Taste, fans: dict[int, list[int]], together: dict[int, dict[int, int]]
) -> list[_Found]:
    often: defaultdict[int, float] = defaultdict(float)
    for seed, counts in together.items():
        for title, count in counts.items():
            often[title] += taste.weights[seed] * count
    candidates = nlargest(CANDIDATES, often, key=lambda title: (often[title], -title))
    watched: dict[int, int] = dict(_WATCHED(connection, titles=candidates).tuples().all()) if candidates else {}
    scores: dict[int, float] = {}
    best: dict[int, int] = {}
    for title in candidates:
        anyway = max(1, watched.get(title, 1))
        parts = {
            seed: taste.weights[seed] * counts[title] / math.sqrt(len(fans[seed]) * anyway)
            for seed, counts in together.items()
            if title in counts
        }
        scores[title] = sum(parts.values())
        best[title] = max(parts, key=lambda seed: parts[seed])
    ordered = sorted(scores, key=lambda title: (-scores[title], title))
    return [_Found(title, scores[title], "watched_together", best[title]) for title in ordered]


def _popular(connection: Connection, taste: _Taste) -> Iterator[_Found]:
    """In the genres of what the user liked, and then with everybody; the most watched first."""
    liked = list(taste.weights)[:SEEDS]
    genres = [row.genre for row in _TITLES(connection, titles=liked)] if liked else []
    for genre in sorted(set(genres), key=lambda one: (-genres.count(one), one)):
        for row in _POPULAR_IN(connection, genre=genre, limit=POPULAR):
            if row.id not in taste.seen:
                yield _Found(row.id, 0.0, "popular_in_genre", genre)
    for row in _POPULAR(connection, limit=POPULAR + len(taste.seen)):
        if row.id not in taste.seen:
            yield _Found(row.id, 0.0, "popular")


def _told(connection: Connection, found: list[_Found]) -> list[dict[str, Any]]:
    named = {one.content_id for one in found} | {one.because for one in found if one.basis == "watched_together"}
    titles = {row.id: row for row in _TITLES(connection, titles=sorted(named))} if named else {}
    return [_told_one(one, titles) for one in found]


def _told_one(one: _Found, titles: dict[int, Any]) -> dict[str, Any]:
    row = titles[one.content_id]
    because = titles[one.because].title if one.basis == "watched_together" else None
    reasons = {
        "watched_together": f"because you watched {because}",
        "popular_in_genre": f"popular in {one.because}",
        "popular": "popular with everybody",
    }
    return {
        "content_id": row.id,
        "title": row.title,
        "genre": row.genre,
        "content_type": row.content_type,
        "rating": row.rating / 100 if row.rating >= 0 else None,
        "score": round(one.score, 4),
        "basis": one.basis,
        "because": because,
        "reason": reasons[one.basis],
    }


_USER = Prepared(select(LibraryMember.id).where(LibraryMember.id == bindparam("user")))
_HISTORY = Prepared(
    select(LibraryWatch.content_id, LibraryWatch.progress)
    .where(LibraryWatch.member_id == bindparam("user"))
    .order_by(LibraryWatch.watched_at_ms.desc())
    .limit(bindparam("limit"))
)
_REVIEWS = Prepared(
    select(LibraryReview.content_id, LibraryReview.rating)
    .where(LibraryReview.member_id == bindparam("user"))
    .order_by(LibraryReview.reviewed_at_ms.desc())
    .limit(bindparam("limit"))
)
_FANS = Prepared(
    select(LibraryWatch.member_id)
    .where(LibraryWatch.content_id == bindparam("title"))
    .order_by(LibraryWatch.watched_at_ms.desc())
    .limit(bindparam("limit"))
)
_TITLES = Prepared(
    select(
        LibraryContent.id,
        LibraryContent.title,
        LibraryContent.genre,
        LibraryContent.content_type,
        LibraryContent.rating,
    ).where(among(LibraryContent.id, "titles"))
)
_WATCHED = Prepared(select(LibraryContent.id, LibraryContent.watch_count).where(among(LibraryContent.id, "titles")))
_POPULAR_IN = Prepared(
    select(LibraryContent.id)
    .where(LibraryContent.genre == bindparam("genre"))
    .order_by(LibraryContent.watch_count.desc(), LibraryContent.id.desc())
    .limit(bindparam("limit"))
)
_POPULAR = Prepared(
    select(LibraryContent.id)
    .order_by(LibraryContent.watch_count.desc(), LibraryContent.id.desc())
    .limit(bindparam("limit"))
)
