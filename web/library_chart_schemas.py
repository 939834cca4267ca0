"""The shapes of what is told of the library, as the API document shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from web.schemas import CURRENCY, DAY, Question


class CurrencyQuery(Question):
    currency: str | None = Field(None, pattern=CURRENCY, description="of the series; CURRENCY unless told")


class TrendsQuery(CurrencyQuery):
    """With either date the answer is daily."""

    start_date: str | None = Field(None, pattern=DAY, description="YYYY-MM-DD; the first day of all unless told")
    end_date: str | None = Field(None, pattern=DAY, description="YYYY-MM-DD, this day too; the last unless told")


class TopQuery(Question):
    genre: str | None = Field(None, max_length=60, description="whatever its capitals")
    limit: int = Field(10, ge=1, le=100)


class MonthQuery(Question):
    month: str | None = Field(
        None, max_length=20, description="required: Aug, August or 2024-08; a name is the newest such month with data"
    )


class PopularQuery(Question):
    months: int = Field(24, ge=1, le=120, description="the newest of those that have data")
    limit: int = Field(10, ge=1, le=50, description="titles a month")


class UserQuery(Question):
    limit: int = Field(100, ge=1, le=1_000, description="entries of each history; the totals are of all")


class RecommendationsQuery(Question):
    limit: int = Field(10, ge=1, le=50)


class RetentionQuery(Question):
    months: int = Field(12, ge=1, le=60, description="the newest sign-up months")
    plan_id: int | None = Field(None, ge=1, le=2**63 - 1, description="only of this plan")


class Subscription(BaseModel):
    subscription: str
    user_count: int = Field(description="who has it now")
    price: float
    monthly_revenue: float = Field(description="what its users pay for a month, by its price")
    currency: str
    billing_months: int
    plan_id: int


class TopTitle(BaseModel):
    title: str
    genre: str
    rating: float
    content_type: str
    release_date: str | None
    watch_count: int
    content_id: int


class PopularTitle(BaseModel):
    title: str
    watch_count: int
    total_progress: float = Field(description="percent")
    average_progress: float = Field(description="percent")
    month: str
    content_id: int


class _Series(BaseModel):
    currency: str
    payments: int
    other_currencies: dict[str, float] = Field(description="paid in the same time, in none of the sums")


class Revenue(_Series):
    """Of a month, or of a day."""

    month: str = Field("", description="YYYY-MM")
    date: str = Field("", description="YYYY-MM-DD")
    revenue: float


class WeekRevenue(_Series):
    week: str = Field(description="ISO 8601: 2024-W31 begins on Monday, 29 July")
    starts_on: str
    total_revenue: float


class WatchedGenre(BaseModel):
    genre: str
    watch_count: int


class Genre(WatchedGenre):
    titles: int


class MonthTitle(BaseModel):
    month: str
    title: str
    watch_count: int
    content_id: int


class Method(BaseModel):
    method: str
    count: int
    amounts: dict[str, float] = Field(description="by currency")


class WatchedTitle(BaseModel):
    title: str
    progress: float = Field(description="percent")
    watched_on: str
    genre: str
    content_id: int


class PaidAmount(BaseModel):
    amount: float
    method: str
    payment_date: str
    currency: str


class UserTotals(BaseModel):
    watches: int
    titles: int
    total_progress: float
    average_progress: float | None
    reviews: int
    average_rating: float | None
    payments: int
    paid: dict[str, float] = Field(description="by currency")


class UserStats(BaseModel):
    user_id: int
    name: str
    plan: str | None
    plan_id: int | None
    status: Literal["active", "cancelled"]
    joined_at: str
    watch_history: list[WatchedTitle] = Field(description="newest first")
    payment_history: list[PaidAmount] = Field(description="newest first")
    totals: UserTotals
    genres: list[WatchedGenre]


class Recommendation(BaseModel):
    content_id: int
    title: str
    genre: str
    content_type: str
    rating: float | None
    score: float
    basis: Literal["watched_together", "popular_in_genre", "popular"]
    because: str | None = Field(description="the title it was found by")
    reason: str


class PlanSums(BaseModel):
    currency: str
    members: int
    mrr: float = Field(description="monthly recurring revenue")
    paid: float = Field(description="in the twelve months")
    paid_in_other_currencies: dict[str, float]
    arpu: float | None = Field(description="average revenue per member and month")
    left: int
    churn_percent: float | None = Field(description="members lost a month")
    lifetime_months: float | None
    lifetime_value: float | None


class PlanMetrics(PlanSums):
    plan_id: int
    plan: str
    price: float


class Metrics(BaseModel):
    from_: str = Field(alias="from")
    to: str
    currency: str
    plans: list[PlanMetrics]
    totals: list[PlanSums] = Field(description="one a currency, the configured one first")


class SignUps(BaseModel):
    month: str
    members: int
    still_members: int
    retained: list[float] = Field(description="percent at the end of the sign-up month, the one after, and so on")


class Choices(BaseModel):
    """What the page offers to choose from."""

    genres: list[Genre]
    content_types: list[str]
    months: list[str] = Field(description="in which something was watched, newest first")
    currency: str
    first_payment: str | None
    last_payment: str | None
