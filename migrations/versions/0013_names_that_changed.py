"""How often names have changed, so that whom a search found can be kept: on SQLite, beside its index of names"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# New people are told by their ids, which are higher. A number is never given twice while nobody is removed.
ON_SQLITE = (
    "CREATE TABLE viewer_search_changes (number INTEGER NOT NULL)",
    "INSERT INTO viewer_search_changes (number) VALUES (0)",
    """CREATE TRIGGER viewer_search_renamed AFTER UPDATE OF username, display_name ON viewers
    WHEN old.username IS NOT new.username OR old.display_name IS NOT new.display_name BEGIN
        UPDATE viewer_search_changes SET number = number + 1;
    END""",
    """CREATE TRIGGER viewer_search_removed AFTER DELETE ON viewers BEGIN
        UPDATE viewer_search_changes SET number = number + 1;
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
