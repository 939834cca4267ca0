"""What chat seldom has, found without reading all of it: lines that were taken from view, and cheers"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_events_removed", ["channel_id", "at_ms"], sa.text("status IN (1, 2)")),
    ("ix_events_cheers", ["viewer_id", "at_ms"], sa.text("kind = 1 AND amount > 0")),
)


def upgrade() -> None:
    for name, columns, where in INDEXES:
        op.create_index(name, "events", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, _columns, _where in reversed(INDEXES):
        op.drop_index(name, table_name="events")
