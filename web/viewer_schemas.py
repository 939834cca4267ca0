"""The shapes of questions and answers about people, as the API document shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from analytics import viewer_list
from web.schemas import ChannelQuery, OrderInCapitals, Pagination, Platform, Question

Sort = Literal[
    "total_coins_spent",
    "total_watchtime_seconds",
    "total_visits",
    "total_gifts_sent",
    "total_comments",
    "total_likes",
    "total_shares",
    "last_seen_at",
    "first_seen_at",
    "username",
]
# `filter=`, as forms send what nobody has chosen, is no filter.
Filter = Annotated[viewer_list.Filter, BeforeValidator(lambda given: given or "all")]
Board = Literal["coins", "watchtime", "visits", "gifts", "comments", "likes", "shares"]

CURSOR = r"^[0-9]{1,15}-[0-9]{1,18}$"


class ViewersQuery(Question):
    page: int = Field(1, ge=1, le=10_000_000)
    limit: int = Field(50, ge=1, le=200)
    sort_by: Sort = Field("total_coins_spent", alias="sortBy")
    order: OrderInCapitals = "DESC"
    search: str = Field("", max_length=256, description="a part of a name; of one or two letters, its beginning")
    filter: Filter = Field("all", description="active: seen within 30 days")


class LeaderboardQuery(ChannelQuery):
    type: Board = "coins"
    limit: int = Field(10, ge=1, le=100)
    scope: Literal["all", "stream"] = Field("all", description="of all time, or of the streams that run now")


class HistoryQuery(Question):
    before: str | None = Field(None, pattern=CURSOR, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=200)


class BirthdaysQuery(Question):
    days: int = Field(7, ge=0, le=366)
    limit: int = Field(50, ge=1, le=500, description="how many to list, the soonest")


class ExportQuery(Question):
    format: Literal["csv", "json"] = "json"
    filter: Filter = "all"


class VipQuery(Question):
    tier: str | None = Field(None, max_length=32, description="only this tier")
    limit: int = Field(200, ge=1, le=1_000)


class PresenceQuery(Question):
    limit: int = Field(500, ge=1, le=5_000, description="how many to list; all are counted")


class ImportQuery(Question):
    dry_run: bool = Field(
        False,
        validation_alias=AliasChoices("dry_run", "dryRun"),
        description="change nothing, say what would be",
    )
    platform: Platform = Field("tiktok", description="of rows that do not tell")
    mapping: str = Field("", description="JSON: their columns → our fields, or null")


class EraseQuery(Question):
    remember: bool = Field(False, description="the person asked not to be recorded again")


def _shaped(description: str = "", **schema: Any) -> Any:
    """A field that the document describes and the action checks: it has the words for what is wrong."""
    return Field(None, json_schema_extra=schema, description=description or None)


TEXT: Any = {"type": ["string", "null"]}


class ProfileChanges(BaseModel):
    """Only what is named is changed."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    tts_voice: Any = _shaped("one of tts/voices, or empty", **TEXT, maxLength=64)
    discord_username: Any = _shaped(**TEXT, maxLength=64)
    birthday: Any = _shaped("YYYY-MM-DD, not in the future, or null", **TEXT, pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")
    notes: Any = _shaped(**TEXT, maxLength=10_000)
    tags: Any = _shaped(type="array", items={"type": "string", "maxLength": 40}, maxItems=30)
    is_favorite: Any = _shaped(type="boolean")
    is_blocked: Any = _shaped("on no leaderboard and no overlay", type="boolean")
    is_moderator: Any = _shaped(type="boolean")


class VipChange(BaseModel):
    """One of the three."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tier: str | None = Field(None, min_length=1, max_length=32, description="the name of one of vip/tiers")
    remove: bool = Field(False, description="no tier, whatever the person reaches")
    reset: bool = Field(False, description="automation decides again")


class TierGiven(BaseModel):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"additionalProperties": False, "required": ["name", "color"]}
    )

    id: Any = _shaped("of the tier that is changed; without it the name tells", type=["integer", "null"], minimum=0)
    name: Any = _shaped(type="string", minLength=1, maxLength=32)
    rank: Any = _shaped("orders the tiers, where all have one", type="integer", minimum=0, maximum=1_000)
    coins: Any = _shaped(type="integer", minimum=0)
    watch_hours: Any = _shaped(type="integer", minimum=0)
    visits: Any = _shaped(type="integer", minimum=0)
    color: Any = _shaped(type="string", pattern="^#[0-9A-Fa-f]{6}$")
    benefits: Any = _shaped(type="array", items={"type": "string", "maxLength": 200}, maxItems=20)


class TierList(BaseModel):
    """All tiers, the lowest first; those that are left out are no more."""

    model_config = ConfigDict(extra="forbid")

    tiers: list[TierGiven] = Field(min_length=1, max_length=10)

    def given(self) -> list[dict[str, Any]]:
        return [tier.model_dump(exclude_unset=True) for tier in self.tiers]


class MovedPerson(BaseModel):
    id: int
    platform: str
    username: str
    display_name: str
    from_: str | None = Field(alias="from")
    to: str | None
    promoted: bool


class TierMoves(BaseModel):
    success: Literal[True]
    promoted: int
    demoted: int
    removed: int
    reset: int = Field(description="who had by hand a tier that is no more")
    people: list[MovedPerson] = Field(description="the first of them")


class SkippedRow(BaseModel):
    line: int
    username: str
    message: str


class WrongCell(BaseModel):
    line: int
    column: str | None
    message: str


class ImportReport(BaseModel):
    success: Literal[True]
    dry_run: bool
    rows: int
    new: int
    changed: int
    unchanged: int
    columns: dict[str, str | None] = Field(description="their columns, and our fields")
    skipped: list[SkippedRow] = Field(description="people who must not be recorded")
    errors: list[WrongCell]
    error_count: int
    done: bool


class Profile(BaseModel):
    """A person on one platform. The keys with `tiktok` in them hold the same whatever the platform."""

    id: int
    tiktok_username: str
    tiktok_user_id: str
    display_name: str
    profile_picture_url: str
    bio: str
    age: int | None
    gender: str
    country: str
    language: str
    verified: bool
    follower_count: int | None
    following_count: int | None
    first_seen_at: str
    last_seen_at: str
    total_visits: int
    total_watchtime_seconds: int
    total_coins_spent: int
    total_gifts_sent: int
    total_comments: int
    total_likes: int
    total_shares: int
    tts_voice: str
    discord_username: str
    birthday: str | None
    notes: str
    tags: list[str]
    is_vip: bool
    vip_since: str | None
    vip_tier: str | None
    loyalty_points: int
    is_blocked: bool
    is_favorite: bool
    is_moderator: bool
    created_at: str
    updated_at: str
    platform: str
    username: str
    platform_user_id: str
    address: str = Field(description="how to ask for this person, whoever else has the same name")
    total_bits: int
    vip_color: str | None
    vip_source: Literal["automatic", "set", "removed"]
    favorite_since: str | None
    is_online: bool


class ViewerPagination(Pagination):
    total_is_exact: bool = Field(alias="totalIsExact", description="false: a search found more than `total`")


class ViewersAnswer(BaseModel):
    success: Literal[True]
    data: list[Profile]
    pagination: ViewerPagination


class TopGift(BaseModel):
    gift_id: int
    gift_name: str
    diamonds: int
    quantity: int
    coins: int


class GiftEntry(BaseModel):
    id: int = Field(description="of its kind")
    kind: Literal["gift", "bits"] = Field(description="bits: a cheer; subs given to others are gifts of no coins")
    at: str
    gift_id: int
    gift_name: str
    diamonds: int
    quantity: int
    coins: int
    streak: bool
    platform: str
    channel: str
    stream_id: int | None


class SessionEntry(BaseModel):
    joined_at: str
    left_at: str | None
    duration_seconds: int
    platform: str
    channel: str
    stream_id: int | None


class Interaction(BaseModel):
    id: int
    at: str
    kind: str
    platform: str
    channel: str
    text: str
    amount: int
    marks: list[str]
    extra: dict[str, Any]
    removed: bool
    stream_id: int | None


class FormerName(BaseModel):
    username: str
    display_name: str
    until: str


class Edit(BaseModel):
    id: int
    at: str
    editor: str
    field: str
    before: Any
    after: Any


class HourCell(BaseModel):
    hour_of_day: int
    day_of_week: int = Field(description="0 is Sunday")
    total: int
    coins: int


class TierAnswer(BaseModel):
    id: int
    name: str
    rank: int
    coins: int
    watch_hours: int
    visits: int
    color: str
    benefits: list[str]


class TiersChanged(TierMoves):
    tiers: list[TierAnswer]


class VipDetail(BaseModel):
    tier: TierAnswer | None
    next: TierAnswer | None = Field(description="the next higher one")
    source: Literal["automatic", "set", "removed"]
    since: str | None


class ProfileDetail(Profile):
    top_gifts: list[TopGift] = Field(alias="topGifts")
    heatmap: list[list[int]] = Field(description="7 days from Sunday on, 24 hours each")
    heatmap_coins: list[list[int]] = Field(alias="heatmapCoins")
    peak: HourCell | None
    recent_sessions: list[SessionEntry] = Field(alias="recentSessions")
    gift_history: list[GiftEntry] = Field(alias="giftHistory")
    interactions: list[Interaction]
    names: list[FormerName]
    vip: VipDetail
    edits: list[Edit]


class GiftsAnswer(BaseModel):
    success: Literal[True]
    items: list[GiftEntry]
    next: str | None


class SessionsAnswer(BaseModel):
    success: Literal[True]
    items: list[SessionEntry]
    next: str | None


class InteractionsAnswer(BaseModel):
    success: Literal[True]
    items: list[Interaction]
    next: str | None
    kept_since: str | None = Field(description="what they did before has been deleted; null: nothing has been")


class EditsAnswer(BaseModel):
    success: Literal[True]
    items: list[Edit]
    next: str | None


class HeatmapAnswer(BaseModel):
    username: str
    heatmap: list[list[int]] = Field(description="7 days from Sunday on, 24 hours each")
    coins: list[list[int]]
    peak: HourCell | None


class TopSpender(BaseModel):
    username: str
    display_name: str = Field(alias="displayName")
    coins_spent: int = Field(alias="coinsSpent")
    platform: str
    profile_picture_url: str = Field(alias="profilePictureUrl")


class SummaryAnswer(BaseModel):
    total_viewers: int = Field(alias="totalViewers")
    total_revenue: int = Field(alias="totalRevenue", description="in coins")
    avg_watchtime: int = Field(alias="avgWatchtime", description="in seconds")
    top_spender: TopSpender | None = Field(alias="topSpender")
    vip_count: int = Field(alias="vipCount")
    active_viewers: int = Field(alias="activeViewers", description="seen within 30 days")
    favorites: int
    platforms: dict[str, int]


class RankedProfile(Profile):
    rank: int
    value: int


class BirthdayProfile(Profile):
    days_until: int
    birthday_on: str


class PublicRank(BaseModel):
    username: str
    display_name: str
    profile_picture_url: str
    platform: str
    rank: int
    value: int


class ActiveSession(BaseModel):
    username: str
    display_name: str = Field(alias="displayName")
    platform: str
    channel: str
    joined_at: str = Field(alias="joinedAt")
    duration: int = Field(description="in seconds")


class ActiveSessionsAnswer(BaseModel):
    count: int
    sessions: list[ActiveSession]


class VoiceAnswer(BaseModel):
    value: str
    label: str


class PersonExport(BaseModel):
    exported_at: str
    events_kept_since: str | None = Field(description="events from before have been deleted; null: none has")
    profile: Profile | None
    names: list[FormerName]
    top_gifts: list[TopGift]
    heatmap: list[list[int]]
    coins: list[list[int]]
    peak: HourCell | None
    muted: list[dict[str, Any]]
    before_this_database: dict[str, int] | None = Field(description="what an import told")
    edits: list[Edit]
    sessions: list[SessionEntry]
    gifts: list[GiftEntry]
    events: list[Interaction] = Field(description="with the text of what was removed")
