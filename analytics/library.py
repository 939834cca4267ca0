"""What the library's records tell: plans, titles, genres by month, and one user with all they did.

Months are numbers, 12 × year + month − 1 in TIMEZONE.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from analytics.library_records import genres_called
from core.clock import iso, month_label
from core.statements import Prepared
from models import (
    LibraryContent,
    LibraryGenre,
    LibraryMember,
    LibraryPayment,
    LibraryPlan,
    LibraryReview,
    LibraryWatch,
    LibraryWatchMonth,
)
from rules.library_months import NoMonth, months_named
from rules.library_values import STATES, amount, name_key

__all__ = ["NoMonth", "NoSuchUser"]

TOP_OF_MONTH = 10
MOST_TYPES = 50


class NoSuchUser(LookupError):
    """There is no such user."""


def subscriptions(connection: Connection) -> list[dict[str, Any]]:
    """All plans, those without users too; ``monthly_revenue`` is what its users pay for a month, by its price."""
    return [
        {
            "subscription": row.name,
            "user_count": row.user_count,
            "price": amount(row.price_minor, row.currency),
            "monthly_revenue": amount(monthly(row.user_count * row.price_minor, row.billing_months), row.currency),
            "currency": row.currency,
            "billing_months": row.billing_months,
            "plan_id": row.id,
        }
        for row in _PLANS(connection)
    ]


def monthly(minor: int, months: int) -> int:
    """What an amount for ``months`` is for one, in whole minor units."""
    return (2 * minor + months) // (2 * months)


def top_content(connection: Connection, genre: str | None, limit: int) -> list[dict[str, Any]]:
    """The best rated titles, of a genre if one is named (whatever its capitals)."""
    query = select(LibraryContent.__table__).where(LibraryContent.rating >= 0)
    if genre is not None:
        query = query.where(LibraryContent.genre.in_(genres_called(connection, genre)))
    best = query.order_by(LibraryContent.rating.desc(), LibraryContent.id.desc()).limit(limit)
    return [
        {
            "title": row.title,
            "genre": row.genre,
            "rating": row.rating / 100,
            "content_type": row.content_type,
            "release_date": row.released or None,
            "watch_count": row.watch_count,
            "content_id": row.id,
        }
        for row in connection.execute(best)
    ]


def month_meant(connection: Connection, text: str) -> int | None:
    """The month that ``text`` names if it has data; without a year the newest such month. Raises NoMonth."""
    ends = _MONTHS_KEPT(connection).one()
    oldest, newest = (int(ends.oldest), int(ends.newest)) if ends.oldest is not None else (1, 0)
    meant = months_named(text, newest, oldest)
    return next((month for month in meant if _OF_MONTH(connection, month=month, limit=1).first() is not None), None)


def popular_in(connection: Connection, month: int) -> list[dict[str, Any]]:
    """The ten titles that were watched most often in a month; progress in percent."""
    return [
        {
            "title": row.title,
            "watch_count": row.watches,
            "total_progress": row.progress / 100,
            "average_progress": round(row.progress / row.watches / 100, 2),
            "month": month_label(month),
            "content_id": row.content_id,
        }
        for row in _OF_MONTH(connection, month=month, limit=TOP_OF_MONTH)
    ]


def popular_trend(connection: Connection, months: int, limit: int) -> list[dict[str, Any]]:
    """The titles watched most in each of the newest ``months`` that have data, the oldest month first."""
    chosen: list[int] = []
    before = 2**31 - 1
    while len(chosen) < months and (month := _MONTH_BEFORE(connection, before=before).scalar()) is not None:
        chosen.append(before := int(month))
    return [
        {"month": month_label(month), "title": row.title, "watch_count": row.watches, "content_id": row.content_id}
        for month in reversed(chosen)
        for row in _OF_MONTH(connection, month=month, limit=limit)
    ]


def watched_genres(connection: Connection) -> list[dict[str, Any]]:
    """How often titles of each genre were watched, the most watched first; genres nobody watched are left out."""
    return [
        {"genre": one["genre"], "watch_count": one["watch_count"]} for one in genres(connection) if one["watch_count"]
    ]


def genres(connection: Connection) -> list[dict[str, Any]]:
    """All genres with their titles, the most watched first.

    Spellings that differ in capitals only are one genre, called as most titles call it.
    """
    titles: defaultdict[str, Counter[str]] = defaultdict(Counter)
    watches: Counter[str] = Counter()
    for row in connection.execute(select(LibraryGenre.__table__).order_by(LibraryGenre.genre)):
        key = name_key(row.genre)
        titles[key][row.genre] += row.titles
        watches[key] += row.watches
    listed = [
        {"genre": spellings.most_common(1)[0][0], "titles": spellings.total(), "watch_count": watches[key]}
        for key, spellings in titles.items()
    ]
    return sorted(listed, key=lambda one: (-one["watch_count"], one["genre"]))


def content_types(connection: Connection) -> list[str]:
    """The types titles have, by name; each is found by a step in the index."""
    found: list[str] = []
    after = ""
    while len(found) < MOST_TYPES and (name := _TYPE_AFTER(connection, after=after).scalar()) is not None:
        found.append(after := str(name))
    return found


def months(connection: Connection) -> list[str]:
    """The months in which something was watched, newest first."""
    found: list[str] = []
    before = 2**31 - 1
    while (month := _MONTH_BEFORE(connection, before=before).scalar()) is not None:
        found.append(month_label(before := int(month)))
    return found


def user_stats(connection: Connection, user_id: int, zone: ZoneInfo, limit: int) -> dict[str, Any]:
    """One user: the newest ``limit`` of what they watched and paid, and totals of all. Raises NoSuchUser."""
    user = _USER(connection, user=user_id).first()
    if user is None:
        raise NoSuchUser(f"there is no user {user_id}")
    return {
        "user_id": user.id,
        "name": user.name,
        "plan": user.plan,
        "plan_id": user.plan_id,
        "status": STATES[user.cancelled_at_ms is not None],
        "joined_at": iso(user.joined_at_ms, zone),
        "watch_history": [
            {
                "title": row.title,
                "progress": row.progress / 100,
                "watched_on": iso(row.watched_at_ms, zone),
                "genre": row.genre,
                "content_id": row.content_id,
            }
            for row in _THEIR_WATCHES(connection, user=user_id, limit=limit)
        ],
        "payment_history": [
            {
                "amount": amount(row.amount_minor, row.currency),
                "method": row.method,
                "payment_date": iso(row.paid_at_ms, zone),
                "currency": row.currency,
            }
            for row in _THEIR_PAYMENTS(connection, user=user_id, limit=limit)
        ],
        "totals": _totals(connection, user_id),
        "genres": [{"genre": row.genre, "watch_count": row.watches} for row in _THEIR_GENRES(connection, user=user_id)],
    }


def _totals(connection: Connection, user_id: int) -> dict[str, Any]:
    watched = _THEIR_SUM(connection, user=user_id).one()
    reviewed = _THEIR_REVIEWS(connection, user=user_id).one()
    paid = _THEIR_PAID(connection, user=user_id).all()
    average = round(watched.progress / watched.watches / 100, 2) if watched.watches else None
    return {
        "watches": watched.watches,
        "titles": watched.titles,
        "total_progress": int(watched.progress or 0) / 100,
        "average_progress": average,
        "reviews": reviewed.reviews,
        "average_rating": round(int(reviewed.rating) / reviewed.reviews / 100, 2) if reviewed.reviews else None,
        "payments": sum(row.payments for row in paid),
        "paid": {row.currency: amount(row.amount_minor, row.currency) for row in paid},
    }


_PLANS = Prepared(select(LibraryPlan.__table__).order_by(LibraryPlan.name_key))
_OF_MONTH = Prepared(
    select(LibraryWatchMonth.content_id, LibraryWatchMonth.watches, LibraryWatchMonth.progress, LibraryContent.title)
    .join(LibraryContent, LibraryContent.id == LibraryWatchMonth.content_id)
    .where(LibraryWatchMonth.month == bindparam("month"))
    .order_by(LibraryWatchMonth.watches.desc(), LibraryWatchMonth.content_id.desc())
    .limit(bindparam("limit"))
)
# Each by itself, because SQLite finds only one end a statement without reading all between.
_MONTHS_KEPT = Prepared(
    select(
        select(func.min(LibraryWatchMonth.month)).scalar_subquery().label("oldest"),
        select(func.max(LibraryWatchMonth.month)).scalar_subquery().label("newest"),
    )
)
_MONTH_BEFORE = Prepared(select(func.max(LibraryWatchMonth.month)).where(LibraryWatchMonth.month < bindparam("before")))
_TYPE_AFTER = Prepared(
    select(func.min(LibraryContent.content_type)).where(LibraryContent.content_type > bindparam("after"))
)
_USER = Prepared(
    select(LibraryMember.__table__, LibraryPlan.name.label("plan"))
    .outerjoin(LibraryPlan, LibraryPlan.id == LibraryMember.plan_id)
    .where(LibraryMember.id == bindparam("user"))
)
_THEIR_WATCHES = Prepared(
    select(
        LibraryWatch.content_id,
        LibraryWatch.progress,
        LibraryWatch.watched_at_ms,
        LibraryContent.title,
        LibraryContent.genre,
    )
    .join(LibraryContent, LibraryContent.id == LibraryWatch.content_id)
    .where(LibraryWatch.member_id == bindparam("user"))
    .order_by(LibraryWatch.watched_at_ms.desc())
    .limit(bindparam("limit"))
)
_THEIR_PAYMENTS = Prepared(
    select(LibraryPayment.__table__)
    .where(LibraryPayment.member_id == bindparam("user"))
    .order_by(LibraryPayment.paid_at_ms.desc())
    .limit(bindparam("limit"))
)
_THEIR_SUM = Prepared(
    select(
        func.count().label("watches"),
        func.sum(LibraryWatch.progress).label("progress"),
        func.count(LibraryWatch.content_id.distinct()).label("titles"),
    ).where(LibraryWatch.member_id == bindparam("user"))
)
_THEIR_GENRES = Prepared(
    select(LibraryContent.genre, func.count().label("watches"))
    .select_from(LibraryWatch)
    .join(LibraryContent, LibraryContent.id == LibraryWatch.content_id)
    .where(LibraryWatch.member_id == bindparam("user"))
    .group_by(LibraryContent.genre)
    .order_by(func.count().desc(), LibraryContent.genre)
)
_THEIR_REVIEWS = Prepared(
    select(func.count().label("reviews"), func.sum(LibraryReview.rating).label("rating")).where(
        LibraryReview.member_id == bindparam("user")
    )
)
_THEIR_PAID = Prepared(
    select(
        LibraryPayment.currency,
        func.count().label("payments"),
        func.sum(LibraryPayment.amount_minor).label("amount_minor"),
    )
    .where(LibraryPayment.member_id == bindparam("user"))
    .group_by(LibraryPayment.currency)
    .order_by(LibraryPayment.currency)
)
