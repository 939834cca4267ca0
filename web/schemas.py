"""The shapes of questions and answers, as the API document shows them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Platform = Literal["twitch", "tiktok"]

# What a text must look like.
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
CURRENCY = "^[A-Za-z]{3}$"

# One name for each, in whatever capitals it is sent: where two differ in them alone, generators of clients stumble.
Order = Annotated[Literal["asc", "desc"], BeforeValidator(str.lower)]
OrderInCapitals = Annotated[Literal["ASC", "DESC"], BeforeValidator(str.upper)]
_SPACE_BEFORE_OFFSET = re.compile(r"([T ][0-9:.]+) (?=\d\d:?\d\d$)", re.ASCII)


def with_its_plus(given: object) -> object:
    """In an address a plus means a space, so that a time that an answer told comes back as `…18:30:00 01:00`."""
    return _SPACE_BEFORE_OFFSET.sub(r"\1+", given) if isinstance(given, str) else given


class Question(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ChannelQuery(Question):
    channel: str | None = Field(None, max_length=64, description="only this channel")
    platform: Platform | None = Field(None, description="only this platform")


class StatsQuery(ChannelQuery):
    minutes: int = Field(15, ge=1, le=1440, description="how many minutes the graph covers")


class PageQuery(ChannelQuery):
    page: int = Field(1, ge=1, le=10_000)
    limit: int = Field(20, ge=1, le=100)


class ChatQuery(Question):
    before: int | None = Field(None, ge=1, le=2**63 - 1, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=200)


class Problem(BaseModel):
    success: Literal[False]
    error: str
    details: list[dict[str, Any]]


class Done(BaseModel):
    success: Literal[True]


class RecentMessage(BaseModel):
    user: str
    message: str


class Basis(BaseModel):
    usual: float | None = Field(description="messages a minute that are usual for the channel")
    streams: int = Field(description="over how many past streams")
    source: Literal["past_streams", "this_stream", "none"]


class Gifts(BaseModel):
    count: int
    coins: int


class Money(BaseModel):
    currency: str
    amount: float


class Earned(BaseModel):
    amount: float
    currency: str
    gifts: float
    bits: float
    subs: float
    others: list[Money] = Field(description="what came in other currencies; never added")


class GapAnswer(BaseModel):
    from_: float = Field(alias="from", description="minutes from the first of the graph")
    to: float
    started_at: str
    ended_at: str | None
    reason: str
    platform: str
    channel: str


class RunningStream(BaseModel):
    id: int
    platform: str
    channel: str
    started_at: str
    duration_seconds: int
    live: bool
    coverage_percent: float


class Term(BaseModel):
    term: str
    count: int


class MomentTerm(Term):
    emote: bool


class Moment(BaseModel):
    at: str
    time: str
    offset_seconds: int
    messages: int
    times_usual: float
    platform: str
    channel: str
    cause: str
    terms: list[MomentTerm]
    messages_sample: list[RecentMessage]
    stream_id: int


class Chatter(BaseModel):
    user: str
    login: str
    platform: str
    messages: int


class TickerItem(BaseModel):
    user: str
    login: str
    platform: str
    channel: str
    kind: str
    text: str
    amount: int
    marks: list[str]
    at: str
    extra: dict[str, Any]


class FeedItem(TickerItem):
    id: int


class SourceAnswer(BaseModel):
    platform: str
    name: str
    state: Literal["connecting", "connected", "offline", "waiting", "failed", "stopped"]
    detail: str
    since: str | None
    retry_at: str | None
    last_event_at: str | None


class StatsAnswer(BaseModel):
    """Messages per minute, oldest first, and the live numbers around them."""

    times: list[str] = Field(description="HH:MM in the configured zone")
    counts: list[int]
    starts_at: str
    gaps: list[GapAnswer]
    recent: list[RecentMessage] = Field(description="the last five messages, newest first")
    total_messages: int
    messages_per_minute: int
    messages_change_percent: int | None
    active_chatters: int = Field(description="people who wrote in the last ten minutes")
    new_chatters: int
    active_users: list[str] = Field(description="the last five distinct people")
    ticker: list[TickerItem]
    hype: int = Field(ge=0, le=100, description="50 is what is usual for this channel")
    hype_basis: Basis
    usual: float | None
    viewers: int | None
    viewers_change_percent: int | None
    gifts: Gifts
    subs: int
    bits: int
    earned: Earned
    stream: RunningStream | None
    moments: list[Moment]
    top_chatters: list[Chatter]
    top_emotes: list[Term]
    top_words: list[Term]
    channels: list[SourceAnswer]
    simulated: bool
    zone: str
    updated_at: str


class StreamSummary(BaseModel):
    id: int
    platform: str
    channel: str
    started_at: str
    ended_at: str | None
    duration_seconds: int
    live: bool
    messages: int
    chatters: int
    peak_messages_per_minute: int
    peak_viewers: int | None
    bits: int
    coins: int
    gifts: int
    subs: int
    earned: Earned


class Pagination(BaseModel):
    page: int
    limit: int
    total: int
    total_pages: int = Field(alias="totalPages")


class StreamsAnswer(BaseModel):
    success: Literal[True]
    data: list[StreamSummary]
    pagination: Pagination


class StreamAnswer(BaseModel):
    success: Literal[True]
    stream: StreamSummary
    starts_at: str
    times: list[str]
    counts: list[int]
    gaps: list[GapAnswer]
    usual: float | None
    moments: list[Moment]
    top_chatters: list[Chatter]
    top_emotes: list[Term]
    top_words: list[Term]


class ChatAnswer(BaseModel):
    success: Literal[True]
    items: list[FeedItem]
    next: int | None
    kept_since: str | None = Field(description="what was said before has been deleted; null: nothing has been")


class HealthAnswer(BaseModel):
    status: Literal["ok", "degraded", "down"]
    problems: list[str]
    version: str
    schema_revision: str
    database: str
    last_event_age_seconds: float | None
    lag_ms: float | None = Field(description="how long the last commit took")
    sources: list[SourceAnswer]
    collector: dict[str, Any]
    web: dict[str, Any]
