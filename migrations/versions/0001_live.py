"""The tables of the live feature"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("total_messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_event_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("platform", "name", name="uq_channels_platform_name"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("process"),
    )
    op.create_table(
        "ignored_names", sa.Column("name", sa.String(length=64), nullable=False), sa.PrimaryKeyConstraint("name")
    )
    op.create_table(
        "installation",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "viewers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("platform_user_id", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("avatar_url", sa.Text(), server_default="", nullable=False),
        sa.Column("first_seen_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("total_visits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_watchtime_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_comments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_bits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_coins_spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_gifts_sent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_likes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_shares", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("platform", "platform_user_id", name="uq_viewers_platform_user"),
    )
    with op.batch_alter_table("viewers", schema=None) as batch_op:
        batch_op.create_index("ix_viewers_platform_username", ["platform", "username"], unique=False)

    op.create_table(
        "coverage_gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("coverage_gaps", schema=None) as batch_op:
        batch_op.create_index("ix_coverage_gaps_channel_ended", ["channel_id", "ended_at_ms"], unique=False)

    op.create_table(
        "minute_rollups",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("newcomers", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("subs", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gifts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("raids", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("likes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("follows", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("viewers", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.PrimaryKeyConstraint("channel_id", "minute"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mutes",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("channel_id", "viewer_id"),
    )
    op.create_table(
        "source_conditions",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("retry_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.PrimaryKeyConstraint("channel_id"),
    )
    op.create_table(
        "streams",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("chatters", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("subs", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gifts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("streams", schema=None) as batch_op:
        batch_op.create_index("ix_streams_channel_started", ["channel_id", "started_at_ms"], unique=False)
        batch_op.create_index("ix_streams_started", ["started_at_ms"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("source_key", sa.BigInteger(), nullable=True),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("marks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["streams.id"],
        ),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel_id", "kind", "at_ms", "source_key", name="uq_events_identity"),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_viewer_at", ["viewer_id", "at_ms"], unique=False)

    op.create_table(
        "stream_terms",
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("emote", sa.Boolean(), nullable=False),
        sa.Column("term", sa.String(length=32), nullable=False),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["streams.id"],
        ),
        sa.PrimaryKeyConstraint("stream_id", "emote", "term"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("stream_terms", schema=None) as batch_op:
        batch_op.create_index("ix_stream_terms_uses", ["stream_id", "emote", "uses"], unique=False)

    op.create_table(
        "stream_viewers",
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["streams.id"],
        ),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("stream_id", "viewer_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("stream_viewers", schema=None) as batch_op:
        batch_op.create_index("ix_stream_viewers_last", ["stream_id", "last_at_ms"], unique=False)
        batch_op.create_index("ix_stream_viewers_messages", ["stream_id", "messages"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("stream_viewers", schema=None) as batch_op:
        batch_op.drop_index("ix_stream_viewers_messages")
        batch_op.drop_index("ix_stream_viewers_last")

    op.drop_table("stream_viewers")
    with op.batch_alter_table("stream_terms", schema=None) as batch_op:
        batch_op.drop_index("ix_stream_terms_uses")

    op.drop_table("stream_terms")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_viewer_at")

    op.drop_table("events")
    with op.batch_alter_table("streams", schema=None) as batch_op:
        batch_op.drop_index("ix_streams_started")
        batch_op.drop_index("ix_streams_channel_started")

    op.drop_table("streams")
    op.drop_table("source_conditions")
    op.drop_table("mutes")
    op.drop_table("minute_rollups")
    with op.batch_alter_table("coverage_gaps", schema=None) as batch_op:
        batch_op.drop_index("ix_coverage_gaps_channel_ended")

    op.drop_table("coverage_gaps")
    with op.batch_alter_table("viewers", schema=None) as batch_op:
        batch_op.drop_index("ix_viewers_platform_username")

    op.drop_table("viewers")
    op.drop_table("installation")
    op.drop_table("ignored_names")
    op.drop_table("heartbeats")
    op.drop_table("channels")
