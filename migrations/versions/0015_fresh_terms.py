"""What a batch added to the words and emotes of a stream, until many of them are added up at once"""

import json
from collections import Counter, defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fresh_terms",
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("emote", sa.Boolean(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("most_used", sa.Text(), nullable=False),
        sa.Column("used", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"]),
        sa.PrimaryKeyConstraint("stream_id", "emote", "number"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    _add_up(op.get_bind())
    op.drop_table("fresh_terms")


def _add_up(connection: sa.Connection) -> None:
    """What waits goes where earlier versions look for it."""
    waiting, terms = _table("fresh_terms", "used"), _table("stream_terms", "term", "uses", "level")
    left: defaultdict[tuple[int, bool], Counter[str]] = defaultdict(Counter)
    for row in connection.execute(sa.select(waiting)):
        left[row.stream_id, row.emote].update(json.loads(row.used))
    for (stream_id, emote), used in left.items():
        theirs = (terms.c.stream_id == stream_id, terms.c.emote == emote)
        known = {row.term: row.uses for row in connection.execute(sa.select(terms).where(*theirs))}
        for term, more in used.items():
            uses = known.get(term, 0) + more
            told = {"uses": uses, "level": uses.bit_length()}
            if term in known:
                connection.execute(sa.update(terms).where(*theirs, terms.c.term == term).values(told))
            else:
                connection.execute(sa.insert(terms).values(stream_id=stream_id, emote=emote, term=term, **told))


def _table(name: str, *columns: str) -> sa.TableClause:
    kinds = {"emote": sa.Boolean(), "stream_id": sa.BigInteger(), "uses": sa.BigInteger(), "level": sa.SmallInteger()}
    return sa.table(name, *(sa.column(column, kinds.get(column)) for column in ("stream_id", "emote", *columns)))
