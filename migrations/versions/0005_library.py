"""The library: plans, members, content, watch history, reviews and payments, what may be searched, and their figures"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEARCHED = {"library_members": ("name", "email"), "library_content": ("title",)}
# A later migration that copies one of these tables (SQLite's way of altering one) must make its triggers again.
SEARCH_ON_SQLITE = (
    """CREATE VIRTUAL TABLE {table}_search USING fts5(
        {columns}, content='{table}', content_rowid='id', tokenize='trigram')""",
    """CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN
        INSERT INTO {table}_search(rowid, {columns}) VALUES (new.id, {new});
    END""",
    """CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN
        INSERT INTO {table}_search({table}_search, rowid, {columns}) VALUES ('delete', old.id, {old});
    END""",
    """CREATE TRIGGER {table}_search_update AFTER UPDATE OF {columns} ON {table} BEGIN
        INSERT INTO {table}_search({table}_search, rowid, {columns}) VALUES ('delete', old.id, {old});
        INSERT INTO {table}_search(rowid, {columns}) VALUES (new.id, {new});
    END""",
)


def upgrade() -> None:
    _tables()
    connection = op.get_bind()
    for table, columns in SEARCHED.items():
        if connection.dialect.name == "sqlite":
            words = {
                "table": table,
                "columns": ", ".join(columns),
                "new": ", ".join(f"new.{column}" for column in columns),
                "old": ", ".join(f"old.{column}" for column in columns),
            }
            for statement in SEARCH_ON_SQLITE:
                op.execute(statement.format(**words))
        elif _has_trigrams(connection):
            for column in columns:
                op.execute(f"CREATE INDEX ix_{table}_search_{column} ON {table} USING gin ({column} gin_trgm_ops)")


def _has_trigrams(connection: sa.Connection) -> bool:
    """Whether an earlier migration could install what finds parts of names; without it a search reads every name."""
    if connection.dialect.name == "cockroachdb":
        return True  # built in
    return bool(connection.scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'")))


def _tables() -> None:
    op.create_table(
        "library_cohorts",
        sa.Column("plan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("joined_month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("members", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "left_month", "joined_month"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "library_content",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("genre", sa.String(length=60), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("rating", sa.Integer(), server_default="-1", nullable=False),
        sa.Column("released", sa.String(length=10), server_default="", nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("watch_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("review_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("review_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("library_content", schema=None) as batch_op:
        batch_op.create_index("ix_library_content_genre_rating", ["genre", "rating"], unique=False)
        batch_op.create_index("ix_library_content_genre_title", ["genre", "title"], unique=False)
        batch_op.create_index("ix_library_content_genre_watched", ["genre", "watch_count"], unique=False)
        batch_op.create_index("ix_library_content_rating", ["rating", "id"], unique=False)
        batch_op.create_index("ix_library_content_released", ["released", "id"], unique=False)
        batch_op.create_index("ix_library_content_title", ["title", "id"], unique=False)
        batch_op.create_index("ix_library_content_type_title", ["content_type", "title"], unique=False)
        batch_op.create_index("ix_library_content_watched", ["watch_count", "id"], unique=False)

    op.create_table(
        "library_genres",
        sa.Column("genre", sa.String(length=60), nullable=False),
        sa.Column("titles", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("watches", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("genre"),
    )
    op.create_table(
        "library_methods",
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("method", "currency"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "library_plan_days",
        sa.Column("plan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "currency", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "library_plans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_key", sa.String(length=160), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("billing_months", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("user_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_key"),
    )
    op.create_table(
        "library_revenue_days",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("currency", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "library_totals",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("records", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.create_table(
        "library_watch_months",
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("watches", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("progress", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("month", "content_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("library_watch_months", schema=None) as batch_op:
        batch_op.create_index("ix_library_watch_months_watches", ["month", "watches"], unique=False)

    op.create_table(
        "library_members",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=508), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("joined_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["library_plans.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_key"),
    )
    with op.batch_alter_table("library_members", schema=None) as batch_op:
        batch_op.create_index(
            "ix_library_members_cancelled",
            ["joined_at_ms", "id"],
            unique=False,
            sqlite_where=sa.text("cancelled_at_ms IS NOT NULL"),
            postgresql_where=sa.text("cancelled_at_ms IS NOT NULL"),
        )
        batch_op.create_index("ix_library_members_joined", ["joined_at_ms", "id"], unique=False)
        batch_op.create_index("ix_library_members_name", ["name", "id"], unique=False)
        batch_op.create_index("ix_library_members_plan_joined", ["plan_id", "joined_at_ms"], unique=False)

    op.create_table(
        "library_payments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("paid_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["library_members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["library_plans.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("library_payments", schema=None) as batch_op:
        batch_op.create_index("ix_library_payments_amount", ["amount_minor", "id"], unique=False)
        batch_op.create_index("ix_library_payments_at", ["paid_at_ms", "id"], unique=False)
        batch_op.create_index("ix_library_payments_member", ["member_id", "paid_at_ms"], unique=False)
        batch_op.create_index("ix_library_payments_method", ["method", "paid_at_ms"], unique=False)
        batch_op.create_index("ix_library_payments_plan", ["plan_id", "paid_at_ms"], unique=False)

    op.create_table(
        "library_reviews",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("reviewed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"],
            ["library_content.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["library_members.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("library_reviews", schema=None) as batch_op:
        batch_op.create_index("ix_library_reviews_at", ["reviewed_at_ms", "id"], unique=False)
        batch_op.create_index("ix_library_reviews_content", ["content_id", "reviewed_at_ms"], unique=False)
        batch_op.create_index(
            "ix_library_reviews_member", ["member_id", "reviewed_at_ms", "content_id", "rating"], unique=False
        )
        batch_op.create_index("ix_library_reviews_rating", ["rating", "id"], unique=False)

    op.create_table(
        "library_watches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("watched_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"],
            ["library_content.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["library_members.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("library_watches", schema=None) as batch_op:
        batch_op.create_index("ix_library_watches_at", ["watched_at_ms", "id"], unique=False)
        batch_op.create_index("ix_library_watches_content", ["content_id", "watched_at_ms", "member_id"], unique=False)
        batch_op.create_index(
            "ix_library_watches_member", ["member_id", "watched_at_ms", "content_id", "progress"], unique=False
        )
