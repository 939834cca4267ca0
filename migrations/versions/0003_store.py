"""The shop: what happened in it, who came how far, what is unusual, and choices of the settings page"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "store_hours",
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("hour", "step"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_minutes",
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("minute", "step"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_reach",
        sa.Column("span", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("users", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("span", "bucket", "measure"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_samples",
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.Float(), server_default="0", nullable=False),
        sa.Column("squares", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("measure", "hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_snapshots",
        sa.Column("window_minutes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("users", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("window_minutes", "minute", "measure"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("first_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("second_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("third_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fourth_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fifth_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("page_views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("product_views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("carts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("signups", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("purchases", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("page_view_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("product_view_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cart_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("signup_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("purchase_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("began_2_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("began_3_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("began_4_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("began_5_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("high_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("medium_at_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("busy_hour", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("busy_events", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id"),
    )
    with op.batch_alter_table("store_users", schema=None) as batch_op:
        batch_op.create_index("ix_store_users_high", ["high_at_ms"], unique=False)
        batch_op.create_index("ix_store_users_last", ["last_at_ms"], unique=False)
        batch_op.create_index("ix_store_users_medium", ["medium_at_ms"], unique=False)
        batch_op.create_index("ix_store_users_purchase", ["purchase_at_ms"], unique=False)

    op.create_table(
        "store_totals",
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("step"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("webhook_deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_deliveries_due", ["state", "due_at_ms"], unique=False)
        batch_op.create_index("ix_webhook_deliveries_topic", ["topic", "made_at_ms"], unique=False)

    op.create_table(
        "store_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("user_row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("is_bot", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_simulated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("data", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_row"],
            ["store_users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("store_events", schema=None) as batch_op:
        batch_op.create_index("ix_store_events_at", ["at_ms", "user_row", "step"], unique=False)
        batch_op.create_index("ix_store_events_user_at", ["user_row", "at_ms"], unique=False)

    op.create_table(
        "store_anomalies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("occasion", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="new", nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("expected_low", sa.Float(), nullable=False),
        sa.Column("expected_high", sa.Float(), nullable=False),
        sa.Column("baseline", sa.Text(), nullable=False),
        sa.Column("user_row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("event_row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("detected_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_row"],
            ["store_events.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_row"],
            ["store_users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("occasion", name="uq_store_anomalies_occasion"),
    )
    with op.batch_alter_table("store_anomalies", schema=None) as batch_op:
        batch_op.create_index("ix_store_anomalies_detected", ["detected_at_ms"], unique=False)

    op.create_table(
        "store_event_keys",
        sa.Column("event_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_row"],
            ["store_events.id"],
        ),
        sa.PrimaryKeyConstraint("event_key"),
        sqlite_with_rowid=False,
    )
