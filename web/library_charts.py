"""What is told of the library: plans, titles, genres, revenue, one user, and what they may like."""

from __future__ import annotations

from datetime import date

from apiflask import APIBlueprint
from flask import Response, jsonify
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from analytics import library, library_finance, library_recommendations, library_revenue
from core.clock import local_day, month_number, now_ms
from web import errors
from web.library_chart_schemas import (
    Choices,
    CurrencyQuery,
    Method,
    Metrics,
    MonthQuery,
    MonthTitle,
    PopularQuery,
    PopularTitle,
    Recommendation,
    RecommendationsQuery,
    RetentionQuery,
    Revenue,
    SignUps,
    Subscription,
    TopQuery,
    TopTitle,
    TrendsQuery,
    UserQuery,
    UserStats,
    WatchedGenre,
    WeekRevenue,
)
from web.services import services

bp = APIBlueprint("library_charts", __name__, tag="Library")

TOLD, ASKED = [401, 403, 503], [401, 403, 422, 503]
MOST_DAYS = 3_660


@bp.app_errorhandler(library.NoSuchUser)
def no_such_user(error: library.NoSuchUser) -> Response:
    return errors.answer(404, str(error))


@bp.get("/api/subscriptions")
@bp.output(list[Subscription], description="Every plan, with how many have it")
@bp.doc(summary="Users per plan", security="bearer", responses=TOLD)
def subscriptions() -> Response:
    with services().database.reading() as connection:
        return jsonify(library.subscriptions(connection))


@bp.get("/api/top-content")
@bp.input(TopQuery, location="query")
@bp.output(list[TopTitle], description="The best rated first")
@bp.doc(summary="Top-rated titles", security="bearer", responses=ASKED)
def top_content(query_data: TopQuery) -> Response:
    with services().database.reading() as connection:
        return jsonify(library.top_content(connection, query_data.genre, query_data.limit))


@bp.get("/api/popular-content-over-time")
@bp.input(MonthQuery, location="query")
@bp.output(list[PopularTitle], description="The ten titles watched most often in the month")
@bp.doc(summary="Popular titles of a month", security="bearer", responses=[400, *ASKED])
def popular_over_time(query_data: MonthQuery) -> Response:
    if query_data.month is None:
        raise BadRequest("month: is missing; say Aug, August or 2024-08")
    with services().database.reading() as connection:
        try:
            month = library.month_meant(connection, query_data.month)
        except library.NoMonth as error:
            raise BadRequest(str(error)) from error
        return jsonify([] if month is None else library.popular_in(connection, month))


@bp.get("/api/popular-content-trend")
@bp.input(PopularQuery, location="query")
@bp.output(list[MonthTitle], description="The titles watched most in each month, the oldest month first")
@bp.doc(summary="Popular titles by month", security="bearer", responses=ASKED)
def popular_trend(query_data: PopularQuery) -> Response:
    with services().database.reading() as connection:
        return jsonify(library.popular_trend(connection, query_data.months, query_data.limit))


@bp.get("/api/watch-history-genre")
@bp.output(list[WatchedGenre], description="How often titles of each genre were watched")
@bp.doc(summary="Watches by genre", security="bearer", responses=TOLD)
def watched_genres() -> Response:
    with services().database.reading() as connection:
        return jsonify(library.watched_genres(connection))


@bp.get("/api/revenue-trends")
@bp.input(TrendsQuery, location="query")
@bp.output(list[Revenue], description="By month, or with a date by day; nothing is left out")
@bp.doc(summary="Membership revenue", security="bearer", responses=ASKED)
def revenue_trends(query_data: TrendsQuery) -> Response:
    currency = _currency(query_data)
    with services().database.reading() as connection:
        if query_data.start_date is None and query_data.end_date is None:
            return jsonify(library_revenue.by_month(connection, currency))
        today = _today()
        first_paid, last_paid = library_revenue.ends(connection) or (today, today)
        last = _day("end_date", query_data.end_date) or max(last_paid, today)
        first = _day("start_date", query_data.start_date) or min(first_paid, last)
        if first > last:
            raise UnprocessableEntity("start_date: lies after end_date")
        if (last - first).days >= MOST_DAYS:
            raise UnprocessableEntity(f"start_date: lies more than {MOST_DAYS:,} days before end_date")
        return jsonify(library_revenue.by_day(connection, currency, first, last))


@bp.get("/api/payments-trend")
@bp.input(CurrencyQuery, location="query")
@bp.output(list[WeekRevenue], description="From the first week in which anything was paid to the last")
@bp.doc(summary="Membership revenue by week", security="bearer", responses=ASKED)
def payments_trend(query_data: CurrencyQuery) -> Response:
    with services().database.reading() as connection:
        return jsonify(library_revenue.by_week(connection, _currency(query_data)))


@bp.get("/api/payment-method-distribution")
@bp.output(list[Method], description="The commonest method first")
@bp.doc(summary="Payments by method", security="bearer", responses=TOLD)
def payment_methods() -> Response:
    with services().database.reading() as connection:
        return jsonify(library_revenue.by_method(connection))


@bp.get("/api/user-stats/<int:user_id>")
@bp.input(UserQuery, location="query")
@bp.output(UserStats, description="The user, with all they did")
@bp.doc(summary="One user's histories", security="bearer", responses=[404, *ASKED])
def user_stats(user_id: int, query_data: UserQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        return jsonify(library.user_stats(connection, user_id, at.settings.zone, query_data.limit))


@bp.get("/api/recommendations/<int:user_id>")
@bp.input(RecommendationsQuery, location="query")
@bp.output(list[Recommendation], description="Titles the user has not seen, the likeliest first")
@bp.doc(summary="Recommend titles", security="bearer", responses=[404, *ASKED])
def recommendations(user_id: int, query_data: RecommendationsQuery) -> Response:
    with services().database.reading() as connection:
        return jsonify(library_recommendations.recommendations(connection, user_id, query_data.limit))


@bp.get("/api/library/metrics")
@bp.output(Metrics, description="Of each plan and of each currency, by the twelve months before this one")
@bp.doc(summary="MRR, ARPU, churn, lifetime value", security="bearer", responses=TOLD)
def metrics() -> Response:
    at = services()
    with at.database.reading() as connection:
        return jsonify(library_finance.metrics(connection, _month(), at.settings.currency))


@bp.get("/api/library/retention")
@bp.input(RetentionQuery, location="query")
@bp.output(list[SignUps], description="The oldest sign-up month first")
@bp.doc(summary="Retention by sign-up month", security="bearer", responses=ASKED)
def retention(query_data: RetentionQuery) -> Response:
    with services().database.reading() as connection:
        return jsonify(library_finance.retention(connection, _month(), query_data.months, query_data.plan_id))


@bp.get("/api/library/choices")
@bp.output(Choices, description="Genres, months, and since when there are payments")
@bp.doc(summary="What can be chosen", security="bearer", responses=TOLD)
def choices() -> Response:
    at = services()
    with at.database.reading() as connection:
        paid = library_revenue.ends(connection)
        return jsonify(
            genres=library.genres(connection),
            content_types=library.content_types(connection),
            months=library.months(connection),
            currency=at.settings.currency,
            first_payment=paid[0].isoformat() if paid else None,
            last_payment=paid[1].isoformat() if paid else None,
        )


def _currency(query: CurrencyQuery) -> str:
    return (query.currency or services().settings.currency).upper()


def _today() -> date:
    return local_day(now_ms(), services().settings.zone)


def _month() -> int:
    return month_number(now_ms(), services().settings.zone)


def _day(field: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UnprocessableEntity(f"{field}: there is no such day") from None
