"""The shapes of questions about the shop and of their answers, as the API document shows them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from web.schemas import Question, with_its_plus

RangeName = Literal["1h", "24h", "7d", "30d", "all"]
EventType = Literal["page_view", "product_view", "add_to_cart", "user_signup", "purchase"]
Percent = Annotated[float, Field(ge=0)]


def _written_out(given: object) -> object:
    """A number would pass for seconds, and a mistake with it."""
    if isinstance(given, str) and not re.match(r"\d{4}-\d\d-\d\d", given):
        raise ValueError("must be a time like 2026-11-21T18:30:00+01:00")
    return with_its_plus(given)


Moment = Annotated[datetime, BeforeValidator(_written_out)]


class RangeQuery(Question):
    """A named range that ends now, or ``since`` and ``until``."""

    range: RangeName = Field("24h", description="which time before now; `since` or `until` takes its place")
    since: Moment | None = Field(None, description="ISO 8601; without an offset it is UTC")
    until: Moment | None = Field(None, description="ISO 8601; without an offset it is UTC")


class EventsQuery(RangeQuery):
    range: RangeName = Field("all", description="which time before now; `since` or `until` takes its place")
    limit: int = Field(10, ge=1, le=200)
    before: int | None = Field(None, ge=1, le=2**63 - 1, description="the `id` of the last event of the page before")


class ClearQuery(Question):
    range: Literal["all"] = Field("all", description="no part of them can be deleted alone")


class PeopleQuery(RangeQuery):
    limit: int = Field(50, ge=1, le=200)
    user_id: str | None = Field(None, max_length=128, description="only this person")


class ShopEvent(BaseModel):
    id: int
    event_id: str
    event_type: EventType
    user_id: str | None
    timestamp: str
    amount: float | None = Field(description="money, in `currency`")
    currency: str | None
    data: dict[str, Any]
    is_bot: bool
    is_simulated: bool


class EventsAnswer(BaseModel):
    events: list[ShopEvent]
    total: int


class PreviousStats(BaseModel):
    total_events: int


class ShopStats(BaseModel):
    total_events: int
    unique_users: int
    events_last_hour: int
    event_types: dict[EventType, int]
    previous: PreviousStats | None = Field(description="the range before; null: there is none")


class Funnel(BaseModel):
    funnel_counts: dict[EventType, int]
    conversion_rates: dict[EventType, Percent] = Field(description="percent of the first step")
    drop_off: dict[str, Percent] = Field(description="percent of a step that did not take the next")


class WholeFunnel(Funnel):
    total_users: int
    in_order: Funnel = Field(description="who took the steps one after the other, within seven days")


class FunnelAnswer(WholeFunnel):
    previous: WholeFunnel | None = Field(description="the range before, as it stood when it ended; null: not known")
    previous_missing: str | None = Field(description="why it is not known")


class SegmentMember(BaseModel):
    user_id: str
    total_events: int
    last_event: str


class SegmentsAnswer(BaseModel):
    converted: list[SegmentMember]
    high_intent: list[SegmentMember]
    medium_intent: list[SegmentMember]
    low_intent: list[SegmentMember]
    counts: dict[str, int]
    total_users: int


class Baseline(BaseModel):
    mean: float
    sigma: float
    samples: int
    score: float | None = Field(description="how many standard deviations from the mean; null: all others were equal")
    period: str
    currency: str = Field("", description="of the purchases it is about; of other anomalies there is none")


class Anomaly(BaseModel):
    id: int
    type: Literal["traffic_spike", "unusual_purchase", "hyperactive_user"]
    severity: Literal["low", "medium", "high"]
    state: Literal["new", "seen", "resolved"]
    message: str
    current_value: float
    expected_range: list[float]
    baseline: Baseline
    detected_at: str
    changed_at: str
    user_id: str | None


class AnomaliesAnswer(BaseModel):
    anomalies: list[Anomaly]
    total_anomalies: int
    analysis_period: str
    detection_types: list[str]


class StateChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["seen", "resolved"]


class StateChanged(BaseModel):
    success: Literal[True]
    id: int
    state: Literal["seen", "resolved"]


class JourneyStep(BaseModel):
    event_type: EventType
    timestamp: str
    event_id: str


class Activity(BaseModel):
    user_id: str
    total_events: int
    first_event: str
    last_event: str
    journey: list[JourneyStep]


class ActivityAnswer(BaseModel):
    users: list[Activity]
    kept_since: str | None = Field(description="events of the range from before have been deleted; null: none has")


class Pattern(BaseModel):
    user_id: str
    sequence: list[EventType]
    pattern: str
    flags: list[str]


class PatternsAnswer(BaseModel):
    users: list[Pattern]


class Cleared(BaseModel):
    success: Literal[True]
    deleted: int


class TrackResult(BaseModel):
    """What became of an item of a list."""

    index: int
    status: Literal["tracked", "refused"]
    event_id: str | None = None
    field: str | None = Field(None, description="what is wrong")
    message: str | None = Field(None, description="why it was refused")


class TrackAnswer(BaseModel):
    """`event_id` for one event; `accepted`, `refused` and `results` for a list. A known event is answered as before."""

    status: Literal["tracked"]
    total_events: int = Field(description="without those of bots")
    event_id: str | None = None
    accepted: int | None = None
    refused: int | None = None
    results: list[TrackResult] | None = None


_TRACK_EVENT = {
    "type": "object",
    "required": ["event_type"],
    "properties": {
        "event_type": {
            "type": "string",
            "enum": ["page_view", "product_view", "add_to_cart", "user_signup", "purchase"],
        },
        "user_id": {"type": ["string", "integer", "null"], "maxLength": 128, "description": "the shop's own id"},
        "timestamp": {
            "type": ["string", "number", "null"],
            "description": "ISO 8601 (UTC without an offset) or seconds since 1970; now if left out",
        },
        "event_id": {
            "type": ["string", "integer", "null"],
            "maxLength": 64,
            "description": "what makes it one: repeated, it is stored once",
        },
        "data": {
            "type": ["object", "null"],
            "description": "up to 16,000 bytes; `amount` (or `value`, `total`, `price`) is money in `currency`",
        },
    },
}
TRACK_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "anyOf": [
                    _TRACK_EVENT,
                    {"type": "array", "minItems": 1, "maxItems": 1000, "description": "of such events", "items": {}},
                ]
            },
            "example": {
                "event_type": "purchase",
                "user_id": "customer-17",
                "event_id": "order-4711",
                "data": {"amount": 49.9, "currency": "EUR"},
            },
        }
    },
}
