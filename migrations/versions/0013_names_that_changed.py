"""Whose names have changed of late, so that whom a search found can be kept: on SQLite, beside its index of names"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# New people are told by their ids, which are higher. A removed one's may be given again: then no person is named, and
# all is to be looked for anew, as where more has changed than is kept.
ON_SQLITE = (
    "CREATE TABLE viewer_search_changes (number INTEGER PRIMARY KEY, viewer_id INTEGER)",
    """CREATE TRIGGER viewer_search_renamed AFTER UPDATE OF username, display_name ON viewers
    WHEN old.username IS NOT new.username OR old.display_name IS NOT new.display_name BEGIN
        INSERT INTO viewer_search_changes (viewer_id) VALUES (new.id);
        DELETE FROM viewer_search_changes WHERE number <= (SELECT max(number) FROM viewer_search_changes) - 1000;
    END""",
    """CREATE TRIGGER viewer_search_removed AFTER DELETE ON viewers BEGIN
        INSERT INTO viewer_search_changes (viewer_id) VALUES (NULL);
        DELETE FROM viewer_search_changes WHERE number <= (SELECT max(number) FROM viewer_search_changes) - 1000;
    END""",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in ON_SQLITE:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("viewer_search_renamed", "viewer_search_removed"):
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE viewer_search_changes")
