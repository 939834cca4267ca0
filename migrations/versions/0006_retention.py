"""What lets old events of the shop go quickly: nothing has to be searched for whatever refers to them"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nothing reads which row a known id is of, and the reference made every deletion read the whole table.
    with op.batch_alter_table("store_event_keys", table_kwargs={"sqlite_with_rowid": False}) as batch_op:
        batch_op.drop_column("event_row")
    with op.batch_alter_table("store_anomalies") as batch_op:
        batch_op.create_index("ix_store_anomalies_event", ["event_row"])
