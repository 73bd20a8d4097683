"""known memberships

What people were is what their memberships are from now on: invited until the first password, disabled where they were.

Rules: add before you take away; the release before this one must keep working on these tables; take no lock that lasts
(no rewrite of a large table, indexes on PostgreSQL concurrently); change data in a step of its own, apart from tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

word = sa.Unicode(320)
user = sa.table(
    "user_", sa.column("id"), *(sa.column(name, word) for name in ("status", "name", "email")), sa.column("created_at")
)

member = sa.table(
    "membership", sa.column("user_id"), sa.column("created_at"),
    *(sa.column(name, word) for name in ("state", "invited_name", "invited_email")),
)  # fmt: skip


def of_person(name: str) -> sa.ScalarSelect:
    """A fact about the person that a membership is of."""
    return sa.select(user.c[name]).where(user.c.id == member.c.user_id).scalar_subquery()


def upgrade() -> None:
    typed = {"invited_name": of_person("name"), "invited_email": of_person("email")}
    typed["created_at"] = of_person("created_at")
    op.execute(member.update().where(of_person("status") == "invited").values(state="invited", **typed))
    op.execute(member.update().where(of_person("status") == "disabled").values(state="disabled"))


def downgrade() -> None:
    # The release before this one grants every membership there is.
    op.execute(member.delete().where(member.c.state.in_(("invited", "disabled")), of_person("status") == "active"))
