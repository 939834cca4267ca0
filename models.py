"""Every table, and nothing else. Times are UTC milliseconds; a change here needs a migration."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# The migration that makes this schema; a test holds the two together.
SCHEMA_REVISION = "0016"

# SQLite numbers rows by itself only in a column of exactly this type.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


def counter() -> Mapped[int]:
    return mapped_column(BigInteger, nullable=False, server_default="0")


def switch() -> Mapped[bool]:
    return mapped_column(Boolean, nullable=False, server_default=false())


def words() -> Mapped[str]:
    return mapped_column(Text, nullable=False, server_default="")


class Installation(Base):
    """Facts about this database itself: whether it holds real or demo data, say."""

    __tablename__ = "installation"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Channel(Base):
    """A channel that is or was watched, with its running totals."""

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("platform", "name", name="uq_channels_platform_name"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64))
    total_messages: Mapped[int] = counter()
    last_event_at_ms: Mapped[int | None] = mapped_column(BigInteger)


class SourceCondition(Base):
    """How the collector stands towards a channel now."""

    __tablename__ = "source_conditions"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text, server_default="")
    since_ms: Mapped[int] = mapped_column(BigInteger)
    retry_at_ms: Mapped[int | None] = mapped_column(BigInteger)


class ChannelLease(Base):
    """Which collector speaks for a channel, and its last sign of life; an empty ``holder``: none does."""

    __tablename__ = "channel_leases"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True, autoincrement=False)
    holder: Mapped[str] = mapped_column(String(64))
    renewed_at_ms: Mapped[int] = mapped_column(BigInteger)


class CoverageGap(Base):
    """A time in which nobody listened to a channel: drawn as a gap, never as silence."""

    __tablename__ = "coverage_gaps"
    __table_args__ = (Index("ix_coverage_gaps_channel_ended", "channel_id", "ended_at_ms"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    started_at_ms: Mapped[int] = mapped_column(BigInteger)
    ended_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)


class Heartbeat(Base):
    """The last sign of life of a process, with its counters as JSON."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(String(32), primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(Text)


class VipTier(Base):
    """What a person must have given and watched to be a VIP of this rank. Editable."""

    __tablename__ = "vip_tiers"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    rank: Mapped[int] = mapped_column(SmallInteger)  # the highest one reached counts
    coins: Mapped[int] = counter()
    watch_hours: Mapped[int] = counter()
    visits: Mapped[int] = counter()
    color: Mapped[str] = mapped_column(String(7))  # #RRGGBB
    benefits: Mapped[str] = mapped_column(Text, server_default="[]")  # JSON list of lines


# What the list of people can be sorted by. Each has an index of its own, for everybody, for VIPs and for favourites.
SORTED_BY = (
    "total_coins_spent",
    "total_watchtime_ms",
    "total_visits",
    "total_gifts_sent",
    "total_comments",
    "total_likes",
    "total_shares",
    "last_seen_at_ms",
    "first_seen_at_ms",
    "username",
)


def _counting_indexes() -> Iterator[Index]:
    """How many VIPs and favourites there are is read from these alone."""
    for column in ("vip_tier_id", "favorite_since_ms"):
        chosen = text(f"{column} IS NOT NULL")
        yield Index(f"ix_viewers_{column}", column, sqlite_where=chosen, postgresql_where=chosen)


def _sorting_indexes() -> Iterator[Index]:
    for column in SORTED_BY:
        yield Index(f"ix_viewers_{column}", column, "id")
        for name, chosen in (("vip", "vip_tier_id"), ("favorite", "favorite_since_ms")):
            where = text(f"{chosen} IS NOT NULL")
            # Few are so marked: by name their index holds all that a search looks at.
            more = ("display_name", chosen) if column == "username" else ()
            yield Index(f"ix_viewers_{name}_{column}", column, "id", *more, sqlite_where=where, postgresql_where=where)


class VipSource:
    """Who decided on a person's tier. What people decided, automation leaves alone."""

    AUTOMATIC = 0
    SET = 1
    REMOVED = 2


class Viewer(Base):
    """A person on one platform: who they are, what they did in all, and what the team notes of them.

    Keyed by the platform's own id: names change. The figures are running totals that a rebuild can recompute; the
    rest is told by the platform or edited by people.
    """

    __tablename__ = "viewers"
    __table_args__ = (
        UniqueConstraint("platform", "platform_user_id", name="uq_viewers_platform_user"),
        Index(
            "ix_viewers_birthday",
            "birthday_mmdd",
            sqlite_where=text("birthday_mmdd IS NOT NULL"),
            postgresql_where=text("birthday_mmdd IS NOT NULL"),
        ),
        *_counting_indexes(),
        *_sorting_indexes(),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    platform_user_id: Mapped[str] = mapped_column(String(64))
    username: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(128))
    avatar_url: Mapped[str] = words()
    named_at_ms: Mapped[int] = counter()  # when the platform last told their names: older news do not change them
    bio: Mapped[str] = words()
    gender: Mapped[str] = mapped_column(String(32), server_default="")
    country: Mapped[str] = mapped_column(String(64), server_default="")
    language: Mapped[str] = mapped_column(String(32), server_default="")
    verified: Mapped[bool] = switch()
    follower_count: Mapped[int | None] = mapped_column(BigInteger)
    following_count: Mapped[int | None] = mapped_column(BigInteger)
    first_seen_at_ms: Mapped[int] = mapped_column(BigInteger)
    last_seen_at_ms: Mapped[int] = mapped_column(BigInteger)  # at most a heartbeat old
    total_visits: Mapped[int] = counter()
    total_watchtime_ms: Mapped[int] = counter()
    total_comments: Mapped[int] = counter()
    total_bits: Mapped[int] = counter()
    total_coins_spent: Mapped[int] = counter()  # gifts, and bits at one coin each
    total_gifts_sent: Mapped[int] = counter()  # gifts and gifted subs
    total_likes: Mapped[int] = counter()
    total_shares: Mapped[int] = counter()
    tts_voice: Mapped[str] = mapped_column(String(64), server_default="")
    discord_username: Mapped[str] = mapped_column(String(64), server_default="")
    birthday: Mapped[str | None] = mapped_column(String(10))  # YYYY-MM-DD
    birthday_mmdd: Mapped[int | None] = mapped_column(SmallInteger)  # 229 is 29 February
    birthday_greeted_on: Mapped[str | None] = mapped_column(String(10))  # the local day of the last live greeting
    notes: Mapped[str] = words()
    tags: Mapped[str] = mapped_column(Text, server_default="[]")  # JSON list
    vip_tier_id: Mapped[int | None] = mapped_column(ForeignKey("vip_tiers.id"))
    vip_since_ms: Mapped[int | None] = mapped_column(BigInteger)
    vip_source: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # VipSource
    is_blocked: Mapped[bool] = switch()  # on no leaderboard and no overlay
    favorite_since_ms: Mapped[int | None] = mapped_column(BigInteger)
    is_moderator: Mapped[bool] = switch()
    erased_at_ms: Mapped[int | None] = mapped_column(BigInteger)  # nobody any more: only the figures stay
    created_at_ms: Mapped[int] = counter()
    updated_at_ms: Mapped[int] = counter()


class ViewerName(Base):
    """A name that a person no longer has."""

    __tablename__ = "viewer_names"
    __table_args__ = (
        Index("ix_viewer_names_viewer", "viewer_id", "until_ms"),
        Index("ix_viewer_names_username", "username"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"))
    username: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(128))
    until_ms: Mapped[int] = mapped_column(BigInteger)


class ViewerBaseline(Base):
    """What a person had done before this database knew them, as an import told it; their totals begin with it."""

    __tablename__ = "viewer_baselines"

    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    visits: Mapped[int] = counter()
    watchtime_ms: Mapped[int] = counter()
    comments: Mapped[int] = counter()
    coins: Mapped[int] = counter()
    gifts: Mapped[int] = counter()
    likes: Mapped[int] = counter()
    shares: Mapped[int] = counter()


class ViewerTotal(Base):
    """Everybody of a platform together; who was erased still counts in the sums, not in the number of people."""

    __tablename__ = "viewer_totals"

    platform: Mapped[str] = mapped_column(String(16), primary_key=True)
    viewers: Mapped[int] = counter()
    coins: Mapped[int] = counter()
    watchtime_ms: Mapped[int] = counter()


class LastSeenDay(Base):
    """How many people were last seen on a day (UTC, days since 1970): who is active is a sum of thirty of these."""

    __tablename__ = "last_seen_days"

    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    viewers: Mapped[int] = counter()


class CurrentSession(Base):
    """A person's newest session in a channel, open or not; it moves to ``past_sessions`` when the next one begins."""

    __tablename__ = "current_sessions"
    __table_args__ = (
        Index(
            "ix_current_sessions_open",
            "counted_until_ms",
            sqlite_where=text("left_at_ms IS NULL"),
            postgresql_where=text("left_at_ms IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    stream_id: Mapped[int | None] = mapped_column(ForeignKey("streams.id"))
    joined_at_ms: Mapped[int] = mapped_column(BigInteger)
    last_at_ms: Mapped[int] = mapped_column(BigInteger)  # the last sign of life
    counted_until_ms: Mapped[int] = mapped_column(BigInteger)  # until when it is in the watchtime
    watched_ms: Mapped[int] = counter()
    left_at_ms: Mapped[int | None] = mapped_column(BigInteger)


class PastSession(Base):
    """A session that is over and was followed by another."""

    __tablename__ = "past_sessions"
    __table_args__ = ({"sqlite_with_rowid": False},)

    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    joined_at_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    stream_id: Mapped[int | None] = mapped_column(ForeignKey("streams.id"))
    left_at_ms: Mapped[int] = mapped_column(BigInteger)
    watched_ms: Mapped[int] = counter()


class StreamAttendance(Base):
    """How often one person came to one stream, and how long they watched it."""

    __tablename__ = "stream_attendance"
    __table_args__ = (
        Index("ix_stream_attendance_watched", "stream_id", "watched_ms"),
        Index("ix_stream_attendance_visits", "stream_id", "visits"),
        {"sqlite_with_rowid": False},
    )

    stream_id: Mapped[int] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    visits: Mapped[int] = counter()
    watched_ms: Mapped[int] = counter()


class Gift(Base):
    """One gift, one streak of them, or a heap of subs given at once. ``streak_key``: a hash of what makes it one.

    ``gift_id`` is TikTok's, or the tier of a sub (1000, 2000, 3000), which costs no coins.
    """

    __tablename__ = "gifts"
    __table_args__ = (
        Index("ix_gifts_viewer_started", "viewer_id", "started_at_ms"),
        Index(
            "ix_gifts_streaks",
            "streak_key",
            "id",
            sqlite_where=text("streak_key IS NOT NULL"),
            postgresql_where=text("streak_key IS NOT NULL"),
        ),
        Index("ix_gifts_channel_started", "channel_id", "started_at_ms"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    stream_id: Mapped[int | None] = mapped_column(ForeignKey("streams.id"))
    viewer_id: Mapped[int | None] = mapped_column(ForeignKey("viewers.id"))
    gift_id: Mapped[int] = counter()
    name: Mapped[str] = mapped_column(String(128), server_default="")
    diamonds: Mapped[int] = counter()  # the price of one, in coins
    quantity: Mapped[int] = counter()
    coins: Mapped[int] = counter()
    streak_key: Mapped[int | None] = mapped_column(BigInteger)
    counted: Mapped[int] = counter()  # the highest count of the streak so far
    ended: Mapped[bool] = switch()
    started_at_ms: Mapped[int] = mapped_column(BigInteger)
    last_at_ms: Mapped[int] = mapped_column(BigInteger)


class ViewerHour(Base):
    """What one person did in one hour of the week, ``slot`` = day of the week (0: Sunday) × 24 + hour, in TIMEZONE."""

    __tablename__ = "viewer_hours"
    __table_args__ = ({"sqlite_with_rowid": False},)

    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    events: Mapped[int] = counter()
    coins: Mapped[int] = counter()


class WeekHour(Base):
    """What everybody in a channel did in one hour of the week; slots as in ``viewer_hours``."""

    __tablename__ = "week_hours"
    __table_args__ = ({"sqlite_with_rowid": False},)

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    events: Mapped[int] = counter()
    coins: Mapped[int] = counter()


class ViewerNews(Base):
    """What dashboards should be told at once of a person; kept for minutes only."""

    __tablename__ = "viewer_news"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a number given twice would be overlooked by who follows them

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"))
    kind: Mapped[str] = mapped_column(String(16))  # new, updated, vip-promoted …: the event's name after "viewer:"
    detail: Mapped[str] = mapped_column(Text, server_default="{}")  # JSON object


class ViewerEdit(Base):
    """Who changed what of a person by hand, and when."""

    __tablename__ = "viewer_edits"
    __table_args__ = (Index("ix_viewer_edits_viewer", "viewer_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    editor: Mapped[str] = mapped_column(String(64))
    field: Mapped[str] = mapped_column(String(32))
    before: Mapped[str | None] = mapped_column(Text)  # JSON
    after: Mapped[str | None] = mapped_column(Text)  # JSON


class OptOut(Base):
    """Somebody who asked not to be recorded: a salted hash of their platform id, which tells nothing else of them."""

    __tablename__ = "opt_outs"

    person_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger)


class IgnoredName(Base):
    """A login that is recorded nowhere: the bots that would lead every leaderboard. Editable."""

    __tablename__ = "ignored_names"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)


class Mute(Base):
    """A person timed out (or banned) in a channel until ``until_ms``."""

    __tablename__ = "mutes"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    until_ms: Mapped[int] = mapped_column(BigInteger)


class Stream(Base):
    """One stream of one channel, told by activity, with its totals."""

    __tablename__ = "streams"
    __table_args__ = (
        Index("ix_streams_channel_started", "channel_id", "started_at_ms"),
        Index("ix_streams_started", "started_at_ms"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    started_at_ms: Mapped[int] = mapped_column(BigInteger)
    last_at_ms: Mapped[int] = mapped_column(BigInteger)
    ended_at_ms: Mapped[int | None] = mapped_column(BigInteger)  # only where the platform said so
    messages: Mapped[int] = counter()
    chatters: Mapped[int] = counter()
    bits: Mapped[int] = counter()
    subs: Mapped[int] = counter()
    gifts: Mapped[int] = counter()
    coins: Mapped[int] = counter()


class Event(Base):
    """Everything that happened, as it came. ``source_key`` is a hash of the platform's message id."""

    __tablename__ = "events"
    # Time stands before the random key, so that inserts append instead of scattering; a replayed event keeps its time.
    __table_args__ = (
        UniqueConstraint("channel_id", "kind", "at_ms", "source_key", name="uq_events_identity"),
        Index("ix_events_viewer_at", "viewer_id", "at_ms"),
        # Few are either: taken from view (EventStatus), or cheers.
        *(
            Index(f"ix_events_{name}", *columns, sqlite_where=text(where), postgresql_where=text(where))
            for name, columns, where in (
                ("removed", ("channel_id", "at_ms"), "status IN (1, 2)"),
                ("cheers", ("viewer_id", "at_ms"), "kind = 1 AND amount > 0"),
            )
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    kind: Mapped[int] = mapped_column(SmallInteger)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    source_key: Mapped[int | None] = mapped_column(BigInteger)
    viewer_id: Mapped[int | None] = mapped_column(ForeignKey("viewers.id"))
    stream_id: Mapped[int | None] = mapped_column(ForeignKey("streams.id"))
    status: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # EventStatus
    amount: Mapped[int] = mapped_column(BigInteger, server_default="0")
    marks: Mapped[int] = mapped_column(Integer, server_default="0")  # core.events.Mark
    text: Mapped[str | None] = mapped_column(Text)
    extra: Mapped[str | None] = mapped_column(Text)  # JSON object


class EventStatus:
    """Whether an event is still to be seen and to be counted."""

    SHOWN = 0
    DELETED = 1  # removed by a moderator: neither seen nor counted
    CLEARED = 2  # wiped from view with the whole chat: counted, not seen
    SILENT = 3  # adds nothing to what is known, as the last tick of a gift streak: kept to be recognised again


class MinuteRollup(Base):
    """What happened in one minute of one channel. Minutes with nothing in them have no row."""

    __tablename__ = "minute_rollups"
    __table_args__ = ({"sqlite_with_rowid": False},)

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # since 1970
    messages: Mapped[int] = counter()
    newcomers: Mapped[int] = counter()
    bits: Mapped[int] = counter()
    subs: Mapped[int] = counter()
    gifts: Mapped[int] = counter()
    coins: Mapped[int] = counter()
    raids: Mapped[int] = counter()
    likes: Mapped[int] = counter()
    follows: Mapped[int] = counter()
    viewers: Mapped[int | None] = mapped_column(BigInteger)  # the highest count told in this minute


class StreamViewer(Base):
    """What one person did in one stream."""

    __tablename__ = "stream_viewers"
    __table_args__ = (
        # Neither changes with every message, as one of the figures themselves would.
        Index("ix_stream_viewers_level", "stream_id", "level"),
        # Who writes now is counted from this alone.
        Index(
            "ix_stream_viewers_writing",
            "stream_id",
            "last_minute",
            "level",  # or SQLite would look each of them up
            sqlite_where=text("level > 0"),
            postgresql_where=text("level > 0"),
        ),
        # Most people have none of these, and then the index costs nothing.
        *(
            Index(
                f"ix_stream_viewers_{column}",
                "stream_id",
                column,
                sqlite_where=text(f"{column} > 0"),
                postgresql_where=text(f"{column} > 0"),
            )
            for column in ("coins", "gifts", "likes", "shares")
        ),
        {"sqlite_with_rowid": False},
    )

    stream_id: Mapped[int] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    messages: Mapped[int] = counter()
    bits: Mapped[int] = counter()
    coins: Mapped[int] = counter()  # gifts, and bits at one coin each
    gifts: Mapped[int] = counter()
    likes: Mapped[int] = counter()
    shares: Mapped[int] = counter()
    last_at_ms: Mapped[int] = mapped_column(BigInteger)
    level: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # ingest.levels.level_of(messages)
    last_minute: Mapped[int] = counter()  # of last_at_ms, since 1970


class StreamTerm(Base):
    """How often a word or an emote was used in one stream."""

    __tablename__ = "stream_terms"
    __table_args__ = (
        Index("ix_stream_terms_level", "stream_id", "emote", "level"),
        {"sqlite_with_rowid": False},
    )

    stream_id: Mapped[int] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    emote: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    term: Mapped[str] = mapped_column(String(32), primary_key=True)
    uses: Mapped[int] = counter()
    level: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # ingest.levels.level_of(uses)


class FreshTerms(Base):
    """What a batch added to the words or emotes of a stream, as long as ``stream_terms`` does not hold it.

    The newest one tells the most used: those of ``stream_terms`` are right only where there is none.
    """

    __tablename__ = "fresh_terms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    stream_id: Mapped[int] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    emote: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    most_used: Mapped[str] = mapped_column(Text)  # JSON object: uses by term, the most used first
    used: Mapped[str] = mapped_column(Text)  # each use of the batch: a JSON list, or words with spaces between


class StoreUser(Base):
    """A person of the shop, by the shop's own id, and how far they came: `rules.funnel.Journey` in columns.

    Times are 0 where it never happened. ``high_at_ms`` and ``medium_at_ms``: see `rules.segments.reach_ms`; the reach
    of the converted is ``purchase_at_ms``, that of everybody ``last_at_ms``.
    """

    __tablename__ = "store_users"
    __table_args__ = (
        Index("ix_store_users_last", "last_at_ms"),
        Index("ix_store_users_medium", "medium_at_ms"),
        Index("ix_store_users_high", "high_at_ms"),
        Index("ix_store_users_purchase", "purchase_at_ms"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    user_id: Mapped[str] = mapped_column(String(128), unique=True)
    first_at_ms: Mapped[int] = counter()
    last_at_ms: Mapped[int] = counter()
    second_at_ms: Mapped[int] = counter()  # their second latest event, and so on
    third_at_ms: Mapped[int] = counter()
    fourth_at_ms: Mapped[int] = counter()
    fifth_at_ms: Mapped[int] = counter()
    page_views: Mapped[int] = counter()
    product_views: Mapped[int] = counter()
    carts: Mapped[int] = counter()
    signups: Mapped[int] = counter()
    purchases: Mapped[int] = counter()
    page_view_at_ms: Mapped[int] = counter()
    product_view_at_ms: Mapped[int] = counter()
    cart_at_ms: Mapped[int] = counter()
    signup_at_ms: Mapped[int] = counter()
    purchase_at_ms: Mapped[int] = counter()
    began_2_ms: Mapped[int] = counter()  # Journey.began_ms of step 2; that of step 1 is page_view_at_ms
    began_3_ms: Mapped[int] = counter()
    began_4_ms: Mapped[int] = counter()
    began_5_ms: Mapped[int] = counter()
    high_at_ms: Mapped[int] = counter()
    medium_at_ms: Mapped[int] = counter()
    busy_hour: Mapped[int] = counter()  # the hour (since 1970) of ``busy_events``
    busy_events: Mapped[int] = counter()


class StoreEvent(Base):
    """What happened in the shop, as it was reported."""

    __tablename__ = "store_events"
    __table_args__ = (
        Index("ix_store_events_at", "at_ms", "user_row", "step"),
        Index("ix_store_events_user_at", "user_row", "at_ms"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(64))
    step: Mapped[int] = mapped_column(SmallInteger)  # rules.funnel.Step
    at_ms: Mapped[int] = mapped_column(BigInteger)
    received_at_ms: Mapped[int] = mapped_column(BigInteger)
    user_row: Mapped[int | None] = mapped_column(ForeignKey("store_users.id"))
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)  # in the currency's minor unit
    currency: Mapped[str | None] = mapped_column(String(3))
    is_bot: Mapped[bool] = switch()  # seen, but counted nowhere
    is_simulated: Mapped[bool] = switch()
    detail: Mapped[str | None] = mapped_column("data", Text)  # JSON object


class StoreEventKey(Base):
    """Which event ids are known: a hash of each, because a table of long random names grows slow."""

    __tablename__ = "store_event_keys"
    __table_args__ = ({"sqlite_with_rowid": False},)

    event_key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class StoreMinute(Base):
    """How often each step was taken in a minute (since 1970)."""

    __tablename__ = "store_minutes"
    __table_args__ = ({"sqlite_with_rowid": False},)

    minute: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    events: Mapped[int] = counter()


class StoreHour(Base):
    """The same in an hour (since 1970)."""

    __tablename__ = "store_hours"
    __table_args__ = ({"sqlite_with_rowid": False},)

    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    events: Mapped[int] = counter()


class StoreTotal(Base):
    """How often each step was ever taken."""

    __tablename__ = "store_totals"

    step: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    events: Mapped[int] = counter()


class StoreSample(Base):
    """What anomalies are measured by: number, sum and squares of a value in an hour (`rules.anomalies.Moments`)."""

    __tablename__ = "store_samples"
    __table_args__ = ({"sqlite_with_rowid": False},)

    measure: Mapped[str] = mapped_column(String(32), primary_key=True)  # "purchase:USD", "user_hour"
    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    count: Mapped[int] = counter()
    total: Mapped[float] = mapped_column(Float, server_default="0")
    squares: Mapped[float] = mapped_column(Float, server_default="0")


class StoreReach(Base):
    """How many people reached something (``measure``) last in a span of time: a minute, hour or day, or ever.

    Who has done it since a moment is the sum of a few of these, whatever happened before.
    """

    __tablename__ = "store_reach"
    __table_args__ = ({"sqlite_with_rowid": False},)

    span: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False
    )  # 0 ever, 1 day, 2 hour, 3 minute
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # since 1970, in that unit
    measure: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    users: Mapped[int] = counter()


class StoreSnapshot(Base):
    """How many had reached something in the ``window_minutes`` before ``minute``, as it stood then: for comparison."""

    __tablename__ = "store_snapshots"
    __table_args__ = ({"sqlite_with_rowid": False},)

    window_minutes: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    minute: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    measure: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    users: Mapped[int] = counter()


class StoreAnomaly(Base):
    """Something unusual in the shop, found as it happened, with what it was measured by."""

    __tablename__ = "store_anomalies"
    __table_args__ = (
        UniqueConstraint("occasion", name="uq_store_anomalies_occasion"),
        Index("ix_store_anomalies_detected", "detected_at_ms"),
        Index("ix_store_anomalies_event", "event_row"),  # an event that is deleted asks who refers to it
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    occasion: Mapped[str] = mapped_column(String(128))  # what makes it one: type, subject and time
    type: Mapped[str] = mapped_column(String(32))  # rules.anomalies.AnomalyType
    severity: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8), server_default="new")  # rules.anomalies.AnomalyState
    message: Mapped[str] = mapped_column(Text)
    value: Mapped[float] = mapped_column(Float)
    expected_low: Mapped[float] = mapped_column(Float)
    expected_high: Mapped[float] = mapped_column(Float)
    baseline: Mapped[str] = mapped_column(Text)  # JSON: mean, sigma, samples, score, period
    user_row: Mapped[int | None] = mapped_column(ForeignKey("store_users.id"))
    event_row: Mapped[int | None] = mapped_column(ForeignKey("store_events.id"))
    detected_at_ms: Mapped[int] = mapped_column(BigInteger)
    changed_at_ms: Mapped[int] = mapped_column(BigInteger)  # its state, or how far off it is


class EntryKind:
    """What an entry of the ledger is."""

    EARNED = 0
    REFUND = 1  # given back: negative, and dated when it was
    CORRECTION = 2  # takes an entry out of the day it was booked on: it never should have been, or not like this
    MORE = 3  # of what an entry before it began, as a streak of gifts that grew: money, but no sale of its own


class LedgerEntry(Base):
    """Money that came in or was given back, as it was booked: never changed, only corrected by another entry.

    Amounts are millionths of the currency's unit (`core.money`), worth what they were worth when they were booked.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        Index(
            "ix_ledger_entries_cause",
            "cause_key",
            sqlite_where=text("cause_key IS NOT NULL"),
            postgresql_where=text("cause_key IS NOT NULL"),
        ),
        Index(
            "ix_ledger_entries_corrects",
            "corrects_id",
            sqlite_where=text("corrects_id IS NOT NULL"),
            postgresql_where=text("corrects_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},  # a number given twice would be overlooked by who follows them
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger)  # the day it belongs to
    booked_at_ms: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(32))  # rules.earnings.Source, or as POST /api/sales told it
    kind: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # EntryKind
    currency: Mapped[str] = mapped_column(String(3))
    amount_micros: Mapped[int] = mapped_column(BigInteger)
    stream_id: Mapped[int | None] = mapped_column(ForeignKey("streams.id"))
    viewer_id: Mapped[int | None] = mapped_column(ForeignKey("viewers.id"))
    label: Mapped[str] = mapped_column(String(128), server_default="")  # what was bought or given
    quantity: Mapped[int] = mapped_column(BigInteger, server_default="1")
    cause_key: Mapped[int | None] = mapped_column(BigInteger)  # a hash of what it is for: its event, sale, payment
    corrects_id: Mapped[int | None] = mapped_column(BigInteger)  # the entry that a correction takes out


class LedgerDay(Base):
    """What a source earned on a day in TIMEZONE (`core.clock.day_number`); source ``""`` is all of them together."""

    __tablename__ = "ledger_days"
    __table_args__ = (
        Index("ix_ledger_days_amount", "currency", "source", "amount_micros"),
        {"sqlite_with_rowid": False},
    )

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    amount_micros: Mapped[int] = counter()
    sales: Mapped[int] = counter()  # entries that earned something, without those taken out again


class LedgerHour(Base):
    """What all sources earned in an hour in TIMEZONE (`core.clock.hour_start`)."""

    __tablename__ = "ledger_hours"
    __table_args__ = ({"sqlite_with_rowid": False},)

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    amount_micros: Mapped[int] = counter()
    sales: Mapped[int] = counter()


class LedgerStream(Base):
    """What a source earned in a stream."""

    __tablename__ = "ledger_streams"
    __table_args__ = ({"sqlite_with_rowid": False},)

    stream_id: Mapped[int] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    amount_micros: Mapped[int] = counter()
    sales: Mapped[int] = counter()


class LedgerTotal(Base):
    """What a source ever earned in a currency."""

    __tablename__ = "ledger_totals"
    __table_args__ = ({"sqlite_with_rowid": False},)

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    amount_micros: Mapped[int] = counter()
    sales: Mapped[int] = counter()


class Sale(Base):
    """A sale (or refund) that another system reported: what its id stands for, so that it counts once."""

    __tablename__ = "sales"
    __table_args__ = (
        Index(
            "ix_sales_refund_of",
            "refund_of",
            sqlite_where=text("refund_of IS NOT NULL"),
            postgresql_where=text("refund_of IS NOT NULL"),
        ),
    )

    sale_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entries.id"))
    fingerprint: Mapped[str] = mapped_column(String(32))  # of what was told: the same id must tell the same
    refund_of: Mapped[str | None] = mapped_column(ForeignKey("sales.sale_id"))
    detail: Mapped[str | None] = mapped_column("data", Text)  # JSON object


class VisitorSalt(Base):
    """A day's secret, without which nobody can tell who a visitor was; thrown away when the day is over."""

    __tablename__ = "visitor_salts"

    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)  # core.clock.day_number
    salt: Mapped[str] = mapped_column(String(64))


class VisitorSeen(Base):
    """A visitor of today, as a salted hash that means nothing tomorrow."""

    __tablename__ = "visitors_seen"
    __table_args__ = (Index("ix_visitors_seen_last", "last_at_ms"),)

    visitor: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hours: Mapped[int] = counter()  # bit n: seen in the day's hour n
    last_at_ms: Mapped[int] = mapped_column(BigInteger)


class VisitorDay(Base):
    """How many people visited the shop's pages on a day in TIMEZONE."""

    __tablename__ = "visitor_days"

    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    visitors: Mapped[int] = counter()


class VisitorHour(Base):
    """The same in an hour (`core.clock.hour_start`)."""

    __tablename__ = "visitor_hours"

    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    visitors: Mapped[int] = counter()


class DeliveryState:
    """What became of a webhook's message."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up


class WebhookDelivery(Base):
    """A message that a webhook is to get: tried again until it is taken or given up."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "state", "due_at_ms"),
        Index("ix_webhook_deliveries_topic", "topic", "made_at_ms"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    topic: Mapped[str] = mapped_column(String(32))  # what kind of message it is: there is a pause between two of one
    payload: Mapped[str] = mapped_column(Text)  # JSON object
    state: Mapped[str] = mapped_column(String(8), server_default=DeliveryState.WAITING)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    due_at_ms: Mapped[int] = mapped_column(BigInteger)
    made_at_ms: Mapped[int] = mapped_column(BigInteger)
    problem: Mapped[str] = words()


class Account(Base):
    """Somebody who may log in, beside the owner whom ``.env`` names."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)  # in small letters
    role: Mapped[str] = mapped_column(String(16))  # rules.accounts.Role
    password_hash: Mapped[str] = mapped_column(Text)
    session_key: Mapped[str] = mapped_column(String(64))  # in each session; a new one ends them all
    made_at_ms: Mapped[int] = mapped_column(BigInteger)
    last_login_at_ms: Mapped[int | None] = mapped_column(BigInteger)


class ApiToken(Base):
    """What opens the API to a program. Only its hash is kept, and its first letters to recognise it by."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    prefix: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256
    scopes: Mapped[str] = mapped_column(String(64))  # rules.accounts.Scope, by spaces
    made_by: Mapped[str] = mapped_column(String(64))
    made_at_ms: Mapped[int] = mapped_column(BigInteger)
    expires_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at_ms: Mapped[int | None] = mapped_column(BigInteger)  # to the minute


class Preference(Base):
    """A choice made on the settings page, as JSON."""

    __tablename__ = "preferences"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class LibraryPlan(Base):
    """A subscription that members can have. ``user_count``: who has it now."""

    __tablename__ = "library_plans"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(160), unique=True)  # without regard to capitals
    price_minor: Mapped[int] = mapped_column(BigInteger)  # for ``billing_months``, in the currency's minor unit
    currency: Mapped[str] = mapped_column(String(3))
    billing_months: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    description: Mapped[str] = words()
    user_count: Mapped[int] = counter()
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    updated_at_ms: Mapped[int] = mapped_column(BigInteger)


def _state_indexes() -> Iterator[Index]:
    """Members who are active, and who have cancelled: either may be few of many."""
    for name, chosen in (("active", "cancelled_at_ms IS NULL"), ("cancelled", "cancelled_at_ms IS NOT NULL")):
        for index, columns in ((name, ("joined_at_ms", "id")), (f"plan_{name}", ("plan_id", "joined_at_ms"))):
            where = text(chosen)
            yield Index(f"ix_library_members_{index}", *columns, sqlite_where=where, postgresql_where=where)


class LibraryMember(Base):
    """Somebody who has, had or could have a plan. ``email_key``: one address belongs to one member."""

    __tablename__ = "library_members"
    __table_args__ = (
        Index("ix_library_members_name", "name", "id"),
        Index("ix_library_members_joined", "joined_at_ms", "id"),
        Index("ix_library_members_plan_joined", "plan_id", "joined_at_ms"),
        *_state_indexes(),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(508), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))  # argon2id
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("library_plans.id"))
    joined_at_ms: Mapped[int] = mapped_column(BigInteger)
    cancelled_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    updated_at_ms: Mapped[int] = mapped_column(BigInteger)


class LibraryContent(Base):
    """A title that can be watched, and how often it was."""

    __tablename__ = "library_content"
    __table_args__ = (
        Index("ix_library_content_title", "title", "id"),
        Index("ix_library_content_rating", "rating", "id"),
        Index("ix_library_content_released", "released", "id"),
        Index("ix_library_content_watched", "watch_count", "id"),
        Index("ix_library_content_genre_title", "genre", "title"),
        Index("ix_library_content_genre_rating", "genre", "rating"),
        Index("ix_library_content_genre_watched", "genre", "watch_count"),
        Index("ix_library_content_type_title", "content_type", "title"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    genre: Mapped[str] = mapped_column(String(60))
    content_type: Mapped[str] = mapped_column(String(40))
    rating: Mapped[int] = mapped_column(Integer, server_default="-1")  # hundredths of 0 … 10; −1: none
    released: Mapped[str] = mapped_column(String(10), server_default="")  # YYYY, YYYY-MM or YYYY-MM-DD
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    description: Mapped[str] = words()
    watch_count: Mapped[int] = counter()
    review_count: Mapped[int] = counter()
    review_total: Mapped[int] = counter()  # of their ratings, hundredths
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    updated_at_ms: Mapped[int] = mapped_column(BigInteger)


class LibraryWatch(Base):
    """A member watched a title. The indexes hold all that recommendations read."""

    __tablename__ = "library_watches"
    __table_args__ = (
        Index("ix_library_watches_at", "watched_at_ms", "id"),
        Index("ix_library_watches_member", "member_id", "watched_at_ms", "content_id", "progress"),
        Index("ix_library_watches_content", "content_id", "watched_at_ms", "member_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("library_members.id"))
    content_id: Mapped[int] = mapped_column(ForeignKey("library_content.id"))
    watched_at_ms: Mapped[int] = mapped_column(BigInteger)
    progress: Mapped[int] = mapped_column(Integer)  # hundredths of a percent
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    updated_at_ms: Mapped[int] = mapped_column(BigInteger)


class LibraryReview(Base):
    """What a member thinks of a title."""

    __tablename__ = "library_reviews"
    __table_args__ = (
        Index("ix_library_reviews_at", "reviewed_at_ms", "id"),
        Index("ix_library_reviews_rating", "rating", "id"),
        Index("ix_library_reviews_member", "member_id", "reviewed_at_ms", "content_id", "rating"),
        Index("ix_library_reviews_content", "content_id", "reviewed_at_ms"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("library_members.id"))
    content_id: Mapped[int] = mapped_column(ForeignKey("library_content.id"))
    rating: Mapped[int] = mapped_column(Integer)  # hundredths of 0 … 10
    comment: Mapped[str] = words()
    reviewed_at_ms: Mapped[int] = mapped_column(BigInteger)
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    updated_at_ms: Mapped[int] = mapped_column(BigInteger)


class LibraryPayment(Base):
    """What a member paid, and for which plan."""

    __tablename__ = "library_payments"
    __table_args__ = (
        Index("ix_library_payments_at", "paid_at_ms", "id"),
        Index("ix_library_payments_amount", "amount_minor", "id"),
        Index("ix_library_payments_member", "member_id", "paid_at_ms"),
        Index("ix_library_payments_plan", "plan_id", "paid_at_ms"),
        Index("ix_library_payments_method", "method", "paid_at_ms"),
        Index("ix_library_payments_plan_method", "plan_id", "method", "paid_at_ms"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("library_members.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("library_plans.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[str] = mapped_column(String(40))
    paid_at_ms: Mapped[int] = mapped_column(BigInteger)
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    updated_at_ms: Mapped[int] = mapped_column(BigInteger)


class LibraryTotal(Base):
    """How many records there are of each kind (``table``)."""

    __tablename__ = "library_totals"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    records: Mapped[int] = counter()


class LibraryCohort(Base):
    """How many members joined in one month and left in another (0: have not), by the plan they have or had (0: none).

    Months are 12 × year + month − 1, in TIMEZONE.
    """

    __tablename__ = "library_cohorts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    plan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    left_month: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    joined_month: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    members: Mapped[int] = counter()


class LibraryRevenueDay(Base):
    """What was paid on a day in TIMEZONE (``date.toordinal``)."""

    __tablename__ = "library_revenue_days"
    __table_args__ = ({"sqlite_with_rowid": False},)

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    payments: Mapped[int] = counter()
    amount_minor: Mapped[int] = counter()


class LibraryPlanDay(Base):
    """The same for one plan (0: for none)."""

    __tablename__ = "library_plan_days"
    __table_args__ = ({"sqlite_with_rowid": False},)

    plan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    payments: Mapped[int] = counter()
    amount_minor: Mapped[int] = counter()


class LibraryMethod(Base):
    """What was paid by which method."""

    __tablename__ = "library_methods"
    __table_args__ = ({"sqlite_with_rowid": False},)

    method: Mapped[str] = mapped_column(String(40), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    payments: Mapped[int] = counter()
    amount_minor: Mapped[int] = counter()


class LibraryWatchMonth(Base):
    """How often a title was watched in a month (see ``library_cohorts``), and how far in all."""

    __tablename__ = "library_watch_months"
    __table_args__ = (
        Index("ix_library_watch_months_watches", "month", "watches"),
        {"sqlite_with_rowid": False},
    )

    month: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    watches: Mapped[int] = counter()
    progress: Mapped[int] = counter()  # hundredths of a percent


class LibraryGenre(Base):
    """How many titles a genre has, and how often they were watched."""

    __tablename__ = "library_genres"

    genre: Mapped[str] = mapped_column(String(60), primary_key=True)
    titles: Mapped[int] = counter()
    watches: Mapped[int] = counter()
