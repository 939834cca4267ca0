"""Who writes in a stream now, counted from an index alone"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WRITES = sa.text("messages > 0")


def upgrade() -> None:
    op.drop_index("ix_stream_viewers_last", table_name="stream_viewers")
    op.create_index(
        "ix_stream_viewers_writing",
        "stream_viewers",
        ["stream_id", "last_at_ms", "messages"],
        sqlite_where=WRITES,
        postgresql_where=WRITES,
    )


def downgrade() -> None:
    op.drop_index("ix_stream_viewers_writing", table_name="stream_viewers")
    op.create_index("ix_stream_viewers_last", "stream_viewers", ["stream_id", "last_at_ms"])
