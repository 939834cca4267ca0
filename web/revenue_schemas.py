"""The shapes of what is earned, of visitors and of sales that are reported, as the API document shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from web.schemas import Earned


class DayRevenue(BaseModel):
    date: str
    revenue: float


class DaySales(DayRevenue):
    sales: int


class SourceRevenue(BaseModel):
    source: str = Field(description="shop, memberships, gifts, bits, subs, gift_subs, sales, or as a sale told it")
    revenue: float
    sales: int
    percent: float


class HourRevenue(BaseModel):
    hour: int = Field(ge=0, le=23)
    revenue: float
    sales: int


class ProjectedMonth(BaseModel):
    month: str
    amount: float
    low: float = Field(description="four months of five end between `low` and `high`")
    high: float
    basis: Literal["weekdays", "average", "pace", "nothing"] = Field(
        description="`weekdays`: what each weekday brought in eight weeks; `average`: less than four weeks are known; "
        "`pace`: less than one, a guess; `nothing`: nothing was ever earned"
    )
    days_known: int


class StreamRevenue(BaseModel):
    id: int
    platform: str
    channel: str
    started_at: str
    duration_seconds: int
    live: bool
    earned: Earned


class OtherCurrency(BaseModel):
    currency: str
    today: float
    yesterday: float
    month: float
    last_30_days: float
    by_source: list[SourceRevenue]


class LedgerLine(BaseModel):
    """A streak of gifts is one line: `first_id` stays while `id`, `quantity` and `amount` grow."""

    id: int
    first_id: int
    at: str
    source: str
    kind: Literal["earned", "refund", "correction"]
    amount: float = Field(description="not rounded: a gift may be worth half a cent")
    currency: str
    label: str
    quantity: int
    user: str
    platform: str | None


class MonthBefore(BaseModel):
    from_: str = Field(alias="from")
    to: str
    revenue: float


class RevenueAnswer(BaseModel):
    currency: str
    today: float
    yesterday: float
    month: float
    month_before: MonthBefore | None = Field(
        description="the month before up to the same day and time, null where it was not recorded from its first day on"
    )
    last_30_days: list[DaySales] = Field(description="every day, oldest first")
    by_source: list[SourceRevenue] = Field(description="of the last 30 days, the largest first")
    projected_month: ProjectedMonth
    best_day: DayRevenue | None = Field(description="of all time")
    by_hour: list[HourRevenue] = Field(description="of the last 30 days, by the hour of the clock")
    best_hours: list[HourRevenue]
    by_stream: list[StreamRevenue] = Field(description="the newest first")
    other_currencies: list[OtherCurrency]
    recent: list[LedgerLine] = Field(description="the newest first")
    updated_at: str


class DayVisitors(BaseModel):
    date: str
    visitors: int


class HourVisitors(BaseModel):
    hour: str = Field(description="when it began")
    visitors: int


class VisitorsAnswer(BaseModel):
    last_30_days: list[DayVisitors] = Field(description="every day, oldest first")
    last_24_hours: list[HourVisitors] = Field(description="every hour, oldest first; the last one is running")
    today: int
    online_now: int = Field(description="in the last five minutes; at midnight it begins anew")
    counted_since: str | None
    updated_at: str


class SaleAnswer(BaseModel):
    """What is booked of this id."""

    success: Literal[True]
    status: Literal["booked", "known"]
    differs: bool = Field(description="this id was told before, of something else; that stands")
    id: str
    amount: float
    currency: str
    source: str
    at: str


SIGNATURE_HEADERS: list[dict[str, Any]] = [
    {
        "name": "X-Timestamp",
        "in": "header",
        "required": True,
        "description": "Seconds since 1970, at most 300 from now",
        "schema": {"type": "string", "pattern": "^[0-9]{1,12}$"},
    },
    {
        "name": "X-Signature",
        "in": "header",
        "required": True,
        "description": "`sha256=` and the HMAC of `<X-Timestamp>.<body>`",
        "schema": {"type": "string", "pattern": "^sha256=[0-9a-fA-F]{64}$"},
    },
]
SALE_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["id", "amount"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": ["string", "integer"], "maxLength": 128, "description": "what makes it count once"},
                    "amount": {
                        "type": ["number", "string"],
                        "description": "money, not 0, with no more decimals than the currency has; negative: a refund",
                    },
                    "currency": {"type": ["string", "null"], "description": "three letters; `CURRENCY` if left out"},
                    "source": {
                        "type": ["string", "null"],
                        "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
                        "description": "where it was sold, such as `merch`, in whatever capitals; `sales` if left out",
                    },
                    "label": {"type": ["string", "null"], "maxLength": 128, "description": "what was sold"},
                    "refund_of": {
                        "type": ["string", "integer", "null"],
                        "maxLength": 128,
                        "description": "the `id` of the sale that is given back, wholly or in part",
                    },
                    "at": {
                        "type": ["string", "number", "null"],
                        "description": "ISO 8601 (UTC without an offset) or seconds since 1970; now if left out",
                    },
                    "data": {"type": ["object", "null"], "description": "whatever you like, up to 16,000 bytes"},
                },
            },
            "example": {"id": "order-4711", "amount": 49.9, "currency": "EUR", "source": "merch"},
        }
    },
}
