"""People: profiles, sessions, gifts, tiers, hours of the week, and what may be searched"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

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
TIER = ("name", "rank", "coins", "watch_hours", "visits", "color", "benefits")
TIERS = (
    ("Bronze", 1, 1_000, 5, 10, "#CD7F32", '["A thank-you by name"]'),
    ("Silver", 2, 5_000, 20, 25, "#C0C0C0", '["A thank-you by name", "Questions are answered first"]'),
    ("Gold", 3, 20_000, 50, 50, "#FFD700", '["Questions are answered first", "Chooses a game once a month"]'),
    ("Platinum", 4, 100_000, 200, 100, "#E5E4E2", '["Chooses a game once a month", "Plays along"]'),
)
# A later migration that copies the table of viewers (SQLite's way of altering one) must make the triggers again.
SEARCH_ON_SQLITE = (
    """CREATE VIRTUAL TABLE viewer_search USING fts5(
        username, display_name, content='viewers', content_rowid='id', tokenize='trigram')""",
    """CREATE TRIGGER viewer_search_insert AFTER INSERT ON viewers BEGIN
        INSERT INTO viewer_search(rowid, username, display_name) VALUES (new.id, new.username, new.display_name);
    END""",
    """CREATE TRIGGER viewer_search_delete AFTER DELETE ON viewers BEGIN
        INSERT INTO viewer_search(viewer_search, rowid, username, display_name)
        VALUES ('delete', old.id, old.username, old.display_name);
    END""",
    """CREATE TRIGGER viewer_search_update AFTER UPDATE OF username, display_name ON viewers BEGIN
        INSERT INTO viewer_search(viewer_search, rowid, username, display_name)
        VALUES ('delete', old.id, old.username, old.display_name);
        INSERT INTO viewer_search(rowid, username, display_name) VALUES (new.id, new.username, new.display_name);
    END""",
    "INSERT INTO viewer_search(viewer_search) VALUES ('rebuild')",
)
SEARCH_ON_POSTGRESQL = (
    "CREATE INDEX ix_viewers_search_username ON viewers USING gin (username gin_trgm_ops)",
    "CREATE INDEX ix_viewers_search_display_name ON viewers USING gin (display_name gin_trgm_ops)",
)


def upgrade() -> None:
    _tables()
    op.bulk_insert(sa.table("vip_tiers", *map(sa.column, TIER)), [dict(zip(TIER, row, strict=True)) for row in TIERS])
    _search()


def _search() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        statements = SEARCH_ON_SQLITE
    elif _has_trigrams(connection):
        statements = SEARCH_ON_POSTGRESQL
    else:
        statements = ()  # search then reads every name
    for statement in statements:
        op.execute(statement)


def _has_trigrams(connection: sa.Connection) -> bool:
    if connection.dialect.name == "cockroachdb":
        return True  # built in
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError:
        return False  # not installed, or this account may not
    return True


def _tables() -> None:
    op.create_table(
        "last_seen_days",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("viewers", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "opt_outs",
        sa.Column("person_hash", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_hash"),
    )
    op.create_table(
        "viewer_totals",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("viewers", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("watchtime_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("platform"),
    )
    op.create_table(
        "vip_tiers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("watch_hours", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("visits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("color", sa.String(length=7), nullable=False),
        sa.Column("benefits", sa.Text(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "week_hours",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.PrimaryKeyConstraint("channel_id", "slot"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "current_sessions",
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("joined_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("counted_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("watched_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("left_at_ms", sa.BigInteger(), nullable=True),
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
        sa.PrimaryKeyConstraint("viewer_id", "channel_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("current_sessions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_current_sessions_open",
            ["counted_until_ms"],
            unique=False,
            sqlite_where=sa.text("left_at_ms IS NULL"),
            postgresql_where=sa.text("left_at_ms IS NULL"),
        )

    op.create_table(
        "gifts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("gift_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("name", sa.String(length=128), server_default="", nullable=False),
        sa.Column("diamonds", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quantity", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("streak_key", sa.BigInteger(), nullable=True),
        sa.Column("counted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_at_ms", sa.BigInteger(), nullable=False),
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
    )
    with op.batch_alter_table("gifts", schema=None) as batch_op:
        batch_op.create_index("ix_gifts_channel_started", ["channel_id", "started_at_ms"], unique=False)
        batch_op.create_index("ix_gifts_streak", ["streak_key", "id"], unique=False)
        batch_op.create_index("ix_gifts_viewer_started", ["viewer_id", "started_at_ms"], unique=False)

    op.create_table(
        "past_sessions",
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("joined_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("left_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("watched_ms", sa.BigInteger(), server_default="0", nullable=False),
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
        sa.PrimaryKeyConstraint("viewer_id", "joined_at_ms", "channel_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stream_attendance",
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("visits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("watched_ms", sa.BigInteger(), server_default="0", nullable=False),
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
    with op.batch_alter_table("stream_attendance", schema=None) as batch_op:
        batch_op.create_index("ix_stream_attendance_visits", ["stream_id", "visits"], unique=False)
        batch_op.create_index("ix_stream_attendance_watched", ["stream_id", "watched_ms"], unique=False)

    op.create_table(
        "viewer_baselines",
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("visits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("watchtime_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("comments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gifts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("likes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("shares", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("viewer_id"),
    )
    op.create_table(
        "viewer_edits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("editor", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("viewer_edits", schema=None) as batch_op:
        batch_op.create_index("ix_viewer_edits_viewer", ["viewer_id", "id"], unique=False)

    op.create_table(
        "viewer_hours",
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coins", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("viewer_id", "slot"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "viewer_names",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("viewer_names", schema=None) as batch_op:
        batch_op.create_index("ix_viewer_names_username", ["username"], unique=False)
        batch_op.create_index("ix_viewer_names_viewer", ["viewer_id", "until_ms"], unique=False)

    op.create_table(
        "viewer_news",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["viewer_id"],
            ["viewers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("stream_viewers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gifts", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("likes", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("shares", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.create_index(
            "ix_stream_viewers_coins",
            ["stream_id", "coins"],
            unique=False,
            sqlite_where=sa.text("coins > 0"),
            postgresql_where=sa.text("coins > 0"),
        )
        batch_op.create_index(
            "ix_stream_viewers_gifts",
            ["stream_id", "gifts"],
            unique=False,
            sqlite_where=sa.text("gifts > 0"),
            postgresql_where=sa.text("gifts > 0"),
        )
        batch_op.create_index(
            "ix_stream_viewers_likes",
            ["stream_id", "likes"],
            unique=False,
            sqlite_where=sa.text("likes > 0"),
            postgresql_where=sa.text("likes > 0"),
        )
        batch_op.create_index(
            "ix_stream_viewers_shares",
            ["stream_id", "shares"],
            unique=False,
            sqlite_where=sa.text("shares > 0"),
            postgresql_where=sa.text("shares > 0"),
        )

    with op.batch_alter_table("viewers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("named_at_ms", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("bio", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("gender", sa.String(length=32), server_default="", nullable=False))
        batch_op.add_column(sa.Column("country", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("language", sa.String(length=32), server_default="", nullable=False))
        batch_op.add_column(sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("follower_count", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("following_count", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("tts_voice", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("discord_username", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("birthday", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("birthday_mmdd", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("birthday_greeted_on", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("notes", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("tags", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("vip_tier_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("vip_since_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("vip_source", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("is_blocked", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("favorite_since_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("is_moderator", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("erased_at_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("created_at_ms", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("updated_at_ms", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.drop_index("ix_viewers_platform_username")
        batch_op.create_index(
            "ix_viewers_birthday",
            ["birthday_mmdd"],
            unique=False,
            sqlite_where=sa.text("birthday_mmdd IS NOT NULL"),
            postgresql_where=sa.text("birthday_mmdd IS NOT NULL"),
        )
        for column in ("vip_tier_id", "favorite_since_ms"):
            where = sa.text(f"{column} IS NOT NULL")
            batch_op.create_index(f"ix_viewers_{column}", [column], sqlite_where=where, postgresql_where=where)
        for column in SORTED_BY:
            batch_op.create_index(f"ix_viewers_{column}", [column, "id"])
            for name, chosen in (("vip", "vip_tier_id IS NOT NULL"), ("favorite", "favorite_since_ms IS NOT NULL")):
                where = sa.text(chosen)
                batch_op.create_index(
                    f"ix_viewers_{name}_{column}", [column, "id"], sqlite_where=where, postgresql_where=where
                )
        batch_op.create_foreign_key("fk_viewers_vip_tier", "vip_tiers", ["vip_tier_id"], ["id"])
