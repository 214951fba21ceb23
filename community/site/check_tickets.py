"""What the rows about tickets must satisfy: a first answer within a day, and skills somebody has."""

from community.people import Role
from community.site.problems import suggestion
from community.site.profile import Family
from community.site.subject import Found, Subject
from community.site.yaml_text import Path

LIMIT_S = 86_400


def check_tickets(subject: Subject) -> Found:
    """The section `tickets`, and whom people work for."""
    file = subject.file
    for index, person in enumerate(file.people):
        yield from subject.absent(("people", index, "party"), "party", person.party)
    for priority, row in file.tickets.deadlines.items():
        path: Path = ("tickets", "deadlines", priority)
        if row.respond > LIMIT_S:
            yield (*path, "respond"), "a person answers within a day at most: write 24h or less"
        if row.complete < row.respond:
            yield (*path, "complete"), "it is to be done before anybody has to answer; write a longer time"
        for number, name in enumerate(row.during):
            yield from subject.absent((*path, "during", number), "calendar", name)
    kinds = {*(family.value for family in Family), *(facility.category for facility in file.facilities)}
    for kind, skill in file.tickets.skills.items():
        path = ("tickets", "skills", kind)
        if kind not in kinds and not subject.touched("facilities"):
            near = suggestion(kind, kinds)
            yield path, f"'{kind}' is no family of points and no category of a facility{near}"
        if not _somebody_has(skill, subject):
            yield path, f"nobody of the crew has the duty {skill}; add it to the duties of one of the people"
    duties = {*file.tickets.skills.values(), *(duty for person in file.people for duty in person.duties)}
    known = sorted({*duties, *(party.id for party in file.parties)})
    for key in file.tickets.rates:
        if key not in known and not subject.touched("people.duties") and not subject.lost("parties"):
            yield ("tickets", "rates", key), f"'{key}' is no duty and no party{suggestion(key, known)}"


def _somebody_has(skill: str, subject: Subject) -> bool:
    if any(subject.touched(keys) for keys in ("people.roles", "people.duties", "roster")):
        return True
    file = subject.file
    crew = {person.id for person in file.people if Role.CREW in person.roles}
    rota = file.roster.rota if file.roster is not None else ()
    return any(skill in person.duties for person in file.people if person.id in crew) or any(
        row.duty == skill and crew & set(row.people) for row in rota
    )
