"""The same in less room: indexes, and the index for searching names; words that wait, from now on"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WAITING = sa.table("fresh_terms", sa.column("used", sa.Text()))
# Words hold neither quotes nor anything else that JSON would write otherwise.
AS_JSON = sa.literal('["') + sa.func.replace(WAITING.c.used, " ", '","') + sa.literal('"]')

# Nearly everybody is shown as they are called, and then it is enough to be found by one of the two. A later migration
# that copies the table of viewers must make the view and the triggers again.
SHOWN = "CASE WHEN lower({0}.display_name) = lower({0}.username) THEN '' ELSE {0}.display_name END"
STREAKS = sa.text("streak_key IS NOT NULL")


def upgrade() -> None:
    """Words that wait stay as they are: a collector of before, which may end only after this, knows no other form."""
    # Under another name: CockroachDB makes none under one that the same transaction has taken away.
    op.create_index("ix_gifts_streaks", "gifts", ["streak_key", "id"], sqlite_where=STREAKS, postgresql_where=STREAKS)
    op.drop_index("ix_gifts_streak", table_name="gifts")
    if op.get_bind().dialect.name == "sqlite":
        _name_rows_once()
        shown = SHOWN.format("viewers")
        op.execute(f"CREATE VIEW viewer_searched AS SELECT id, username, {shown} AS display_name FROM viewers")  # noqa: S608  # nosec B608
        _search_names("viewer_searched", SHOWN, ", columnsize=0")  # how long names are is asked by nobody


def downgrade() -> None:
    """SQLite's indexes keep a row's number once: it is how they are made now, and earlier versions find as much."""
    if op.get_bind().dialect.name == "sqlite":
        _search_names("viewers", "{0}.display_name")
        op.execute("DROP VIEW viewer_searched")
    op.create_index("ix_gifts_streak", "gifts", ["streak_key", "id"])
    op.drop_index("ix_gifts_streaks", table_name="gifts")
    op.execute(sa.update(WAITING).where(~WAITING.c.used.startswith("[")).values(used=AS_JSON))


def _name_rows_once() -> None:
    """As ``core.sqlite`` has indexes made now."""
    ending = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%, id)%'"
    for name, made in op.get_bind().exec_driver_sql(ending).all():
        op.execute(f"DROP INDEX {name}")
        op.execute(made.replace(", id)", ")"))


def _search_names(content: str, shown: str, more: str = "") -> None:
    columns = "rowid, username, display_name"
    add, forget = (
        f"INSERT INTO viewer_search({columns}) VALUES (new.id, new.username, {shown.format('new')});",  # noqa: S608  # nosec B608
        f"INSERT INTO viewer_search(viewer_search, {columns})"  # noqa: S608  # nosec B608
        f" VALUES ('delete', old.id, old.username, {shown.format('old')});",
    )
    triggers = {
        "insert": ("INSERT", add),
        "delete": ("DELETE", forget),
        "update": ("UPDATE OF username, display_name", forget + add),
    }
    for name in triggers:
        op.execute(f"DROP TRIGGER viewer_search_{name}")
    op.execute("DROP TABLE viewer_search")
    op.execute(
        f"""CREATE VIRTUAL TABLE viewer_search USING fts5(
        username, display_name, content='{content}', content_rowid='id', tokenize='trigram'{more})"""
    )
    for name, (change, work) in triggers.items():
        op.execute(f"CREATE TRIGGER viewer_search_{name} AFTER {change} ON viewers BEGIN {work} END")
    op.execute("INSERT INTO viewer_search(viewer_search) VALUES ('rebuild')")
