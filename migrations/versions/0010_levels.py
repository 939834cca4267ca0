"""Indexes by how large a figure is, not by the figure: they change when it doubles, not at each message"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WROTE, WRITES = sa.text("messages > 0"), sa.text("level > 0")
MINUTE_MS = 60_000
DIGITS = 62  # a larger figure no database can hold


def upgrade() -> None:
    op.add_column("stream_terms", sa.Column("level", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("stream_viewers", sa.Column("level", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("stream_viewers", sa.Column("last_minute", sa.BigInteger(), server_default="0", nullable=False))
    terms = _table("stream_terms", "uses", "level")
    people = _table("stream_viewers", "messages", "last_at_ms", "level", "last_minute")
    op.execute(terms.update().values(level=_level_of(terms.c.uses)))
    minute = people.c.last_at_ms // MINUTE_MS
    op.execute(people.update().values(level=_level_of(people.c.messages), last_minute=minute))
    op.drop_index("ix_stream_terms_uses", table_name="stream_terms")
    op.drop_index("ix_stream_viewers_messages", table_name="stream_viewers")
    op.drop_index("ix_stream_viewers_writing", table_name="stream_viewers")
    op.create_index("ix_stream_terms_level", "stream_terms", ["stream_id", "emote", "level"])
    op.create_index("ix_stream_viewers_level", "stream_viewers", ["stream_id", "level"])
    op.create_index(
        "ix_stream_viewers_writing",
        "stream_viewers",
        ["stream_id", "last_minute", "level"],
        sqlite_where=WRITES,
        postgresql_where=WRITES,
    )


def downgrade() -> None:
    for name, table in (
        ("ix_stream_viewers_writing", "stream_viewers"),
        ("ix_stream_viewers_level", "stream_viewers"),
        ("ix_stream_terms_level", "stream_terms"),
    ):
        op.drop_index(name, table_name=table)
    op.drop_column("stream_viewers", "last_minute")
    op.drop_column("stream_viewers", "level")
    op.drop_column("stream_terms", "level")
    op.create_index("ix_stream_terms_uses", "stream_terms", ["stream_id", "emote", "uses"])
    op.create_index("ix_stream_viewers_messages", "stream_viewers", ["stream_id", "messages"])
    op.create_index(
        "ix_stream_viewers_writing",
        "stream_viewers",
        ["stream_id", "last_at_ms", "messages"],
        sqlite_where=WROTE,
        postgresql_where=WROTE,
    )


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, sa.BigInteger()) for column in columns))


def _level_of(column: sa.ColumnClause) -> sa.Case:
    """How many binary digits a figure has; most have few."""
    cases = ((column < sa.literal(2**digits, sa.BigInteger()), digits) for digits in range(DIGITS))
    return sa.case((column <= 0, 0), *cases, else_=DIGITS)
