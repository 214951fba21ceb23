"""What escalation to a party must satisfy: the party is there, and somebody would hear of it."""

from collections.abc import Iterator

from community.site.subject import Found, Subject
from community.site.yaml_text import Path


def check_escalations(subject: Subject) -> Found:
    """Whom plans escalate to, and that each party things are escalated to has people who are told."""
    for path, party in _of_plans(subject):
        yield from subject.absent(path, "party", party)
    if subject.file.notifications is None or subject.touched("people.party") or subject.lost("people"):
        return
    staffed = {person.party for person in subject.file.people}
    known = {party.id for party in subject.file.parties}
    told: set[str] = set()
    for path, party in (*_of_facilities(subject), *_of_plans(subject)):
        if party in known and party not in staffed and party not in told:
            told.add(party)
            yield path, f"nobody works for '{party}', so nobody would be told; add party: {party} to one of the people"


def _of_facilities(subject: Subject) -> Iterator[tuple[Path, str]]:
    for index, facility in enumerate(subject.file.facilities):
        if facility.escalation is not None:
            yield ("facilities", index, "escalation"), facility.escalation


def _of_plans(subject: Subject) -> Iterator[tuple[Path, str]]:
    for index, plan in enumerate(subject.file.plans):
        if plan.organisation.escalation is not None:
            yield ("plans", index, "organisation", "escalation"), plan.organisation.escalation
