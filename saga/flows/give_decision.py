"""A decision about the end of a term becomes somebody else's, who is known to work for the customer or its reseller."""

from __future__ import annotations

from domains.services import commands as services
from domains.users import commands as users

from ..definition import N_, Saga, pivot, query
from ..payloads.end_of_term import GiveDecision

give_decision = Saga("give-decision", GiveDecision, (
    query(users.find_member, gives=("member",), title=N_("Find the person")),
    pivot(services.give_decision, title=N_("Give them the decision")),
))  # fmt: skip
