"""Two filters of the library's lists at once, answered from an index of both"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ACTIVE, CANCELLED = sa.text("cancelled_at_ms IS NULL"), sa.text("cancelled_at_ms IS NOT NULL")
MEMBERS = (
    ("ix_library_members_active", ["joined_at_ms", "id"], ACTIVE),
    ("ix_library_members_plan_active", ["plan_id", "joined_at_ms"], ACTIVE),
    ("ix_library_members_plan_cancelled", ["plan_id", "joined_at_ms"], CANCELLED),
)


def upgrade() -> None:
    for name, columns, where in MEMBERS:
        op.create_index(name, "library_members", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_library_payments_plan_method", "library_payments", ["plan_id", "method", "paid_at_ms"])


def downgrade() -> None:
    op.drop_index("ix_library_payments_plan_method", table_name="library_payments")
    for name, _columns, _where in reversed(MEMBERS):
        op.drop_index(name, table_name="library_members")
