"""Every table, and nothing else. Times are UTC milliseconds; a change here needs a migration."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# The migration that makes this schema; a test holds the two together.
SCHEMA_REVISION = "0001"

# SQLite numbers rows by itself only in a column of exactly this type.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


def counter() -> Mapped[int]:
    return mapped_column(BigInteger, nullable=False, server_default="0")


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


class Viewer(Base):
    """A person on one platform. Keyed by the platform's own id: names change."""

    __tablename__ = "viewers"
    __table_args__ = (
        UniqueConstraint("platform", "platform_user_id", name="uq_viewers_platform_user"),
        Index("ix_viewers_platform_username", "platform", "username"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    platform_user_id: Mapped[str] = mapped_column(String(64))
    username: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(128))
    avatar_url: Mapped[str] = mapped_column(Text, server_default="")
    first_seen_at_ms: Mapped[int] = mapped_column(BigInteger)
    last_seen_at_ms: Mapped[int] = mapped_column(BigInteger)
    total_visits: Mapped[int] = counter()
    total_watchtime_ms: Mapped[int] = counter()
    total_comments: Mapped[int] = counter()
    total_bits: Mapped[int] = counter()
    total_coins_spent: Mapped[int] = counter()
    total_gifts_sent: Mapped[int] = counter()
    total_likes: Mapped[int] = counter()
    total_shares: Mapped[int] = counter()


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
        Index("ix_stream_viewers_messages", "stream_id", "messages"),
        Index("ix_stream_viewers_last", "stream_id", "last_at_ms"),
        {"sqlite_with_rowid": False},
    )

    stream_id: Mapped[int] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    viewer_id: Mapped[int] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    messages: Mapped[int] = counter()
    bits: Mapped[int] = counter()
    coins: Mapped[int] = counter()
    last_at_ms: Mapped[int] = mapped_column(BigInteger)


class StreamTerm(Base):
    """How often a word or an emote was used in one stream."""

    __tablename__ = "stream_terms"
    __table_args__ = (
        Index("ix_stream_terms_uses", "stream_id", "emote", "uses"),
        {"sqlite_with_rowid": False},
    )

    stream_id: Mapped[int] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    emote: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    term: Mapped[str] = mapped_column(String(32), primary_key=True)
    uses: Mapped[int] = counter()
