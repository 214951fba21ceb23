"""Safety management (安全管理): the committee, who answers for what, documents, and the reviews that wait."""

from fastapi import APIRouter

from api.facilities.showing import today
from api.platform import PlatformDep
from api.safety.schemas import MemberOut, ResponsibleOut, ReviewOut, SafetyDocumentOut, SafetyOut
from api.security.access import Viewer
from backbone.database.tickets import list_tickets
from community.text import Text
from community.tickets import OPEN

router = APIRouter(prefix="/safety", tags=["safety"])
MOST = 1_000
REVIEWS = ("change-review:", "document-review:", "risk-review:", "plan-revision:")
"""Sources of tickets that are reviews."""


@router.get("")
def get_safety(platform: PlatformDep, _: Viewer) -> SafetyOut:
    """How safety is managed, and what has to be looked at again."""
    file, day = platform.site.file, today(platform)
    with platform.database.read() as c:
        waiting = list_tickets(c, platform.site.id, states=OPEN, limit=MOST)
    return SafetyOut(
        committee=[MemberOut.model_validate(member) for member in file.safety.committee],
        documents=[
            SafetyDocumentOut.model_validate(row).model_copy(update={"overdue": row.review < day})
            for row in file.safety.documents
        ],
        responsible=[
            ResponsibleOut(
                party=party.id,
                facilities=sum(facility.party == party.id for facility in file.facilities),
                people=[person.id for person in file.people if person.party == party.id],
            )
            for party in file.parties
        ],
        reviews=[
            ReviewOut(id=ticket.id, title=Text(zh=ticket.title_zh, en=ticket.title_en), state=ticket.state)
            for ticket in waiting
            if ticket.source.startswith(REVIEWS)
        ],
    )
