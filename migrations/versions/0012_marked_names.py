"""Both names of VIPs and of favourites in an index, so that a search among them reads nobody's row"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MARKED = (("vip", "vip_tier_id"), ("favorite", "favorite_since_ms"))


def upgrade() -> None:
    for name, column in MARKED:
        _index_anew(name, column, ["username", "id", "display_name", column])


def downgrade() -> None:
    for name, column in MARKED:
        _index_anew(name, column, ["username", "id"])


def _index_anew(name: str, column: str, columns: list[str]) -> None:
    index, where = f"ix_viewers_{name}_username", sa.text(f"{column} IS NOT NULL")
    op.drop_index(index, table_name="viewers")
    op.create_index(index, "viewers", columns, sqlite_where=where, postgresql_where=where)
