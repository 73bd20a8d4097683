"""audit trail

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
An older release goes on writing entries; its sealer rests until it is replaced, and what it left waits for the new one.
"""

from migrations import audit_trail

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    audit_trail.upgrade()


def downgrade() -> None:
    audit_trail.downgrade()
