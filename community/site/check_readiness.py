"""What drills, trainings and the positive alarm sequence must satisfy."""

from community.anniversary import YEAR_S
from community.people import Role
from community.site.problems import suggestion
from community.site.readiness import Qualification
from community.site.subject import Found, Subject
from community.site.yaml_text import Path

_LONGEST_ANSWER_S = 15
_LONGEST_LOOK_S = 180
"""NFPA 72: a positive alarm is answered within 15 s and looked into within 180 s."""
_CALL_POINT = "call-point"


def check_readiness(subject: Subject) -> Found:
    """Drills that are due, who must have learned what, and who may look before a plan comes into force."""
    yield from _drills(subject)
    yield from _qualifications(subject)
    yield from _trainings(subject)
    yield from _positive_alarms(subject)


def _drills(subject: Subject) -> Found:
    kinds = {plan.kind for plan in subject.file.plans}
    seen: set[str] = set()
    for index, duty in enumerate(subject.file.drills):
        path: Path = ("drills", index)
        if duty.kind in seen:
            yield (*path, "kind"), f"drills of kind {duty.kind} are there twice; delete one of them"
        seen.add(duty.kind)
        if duty.kind == "fire" and duty.every > YEAR_S:
            yield (*path, "every"), "a fire drill is held at least once a year: write 1y or less"
        if duty.remind >= duty.every:
            yield (*path, "remind"), "the reminder is due before the last drill was held; write a shorter time"
        if duty.kind != "evacuation" and duty.kind not in kinds and not subject.touched("plans"):
            yield (*path, "kind"), f"no plan of kind {duty.kind} can be practised; add one to plans, or delete this row"


def _qualifications(subject: Subject) -> Found:
    file = subject.file
    known = {role.value for role in Role} | {duty for person in file.people for duty in person.duties}
    known |= {duty.id for duty in file.roster.duties} if file.roster is not None else set()
    sure = not any(subject.touched(keys) for keys in ("people", "roster"))
    for index, row in enumerate(file.qualifications):
        path: Path = ("qualifications", index)
        for number, duty in enumerate(row.duties):
            if sure and duty not in known:
                near = suggestion(duty, sorted(known))
                yield (*path, "duties", number), f"nobody is ever {duty}; name a duty or role of the people{near}"
        if not row.duties:
            yield (*path, "duties"), "nobody needs this; name the duties that do, or delete the row"
        if row.remind >= row.valid:
            yield (*path, "remind"), "the reminder is due before the training was held; write a shorter time"
        if row.without == "refuse" and sure and not subject.touched("trainings"):
            yield from _untrained(row, subject)


def _untrained(row: Qualification, subject: Subject) -> Found:
    trained = {training.person for training in subject.file.trainings if training.qualification == row.id}
    rota = subject.file.roster.rota if subject.file.roster is not None else ()
    for index, turn in enumerate(rota):
        if turn.duty not in row.duties:
            continue
        for number, person in enumerate(turn.people):
            if person not in trained:
                sentence = f"{person} has no training in {row.id}, and nobody is on duty for {turn.duty} without it; "
                yield ("roster", "rota", index, "people", number), sentence + "add it to trainings, or name another"


def _trainings(subject: Subject) -> Found:
    for index, row in enumerate(subject.file.trainings):
        path: Path = ("trainings", index)
        yield from subject.absent((*path, "person"), "person", row.person)
        yield from subject.absent((*path, "qualification"), "qualification", row.qualification)
        if row.expires is not None and row.expires <= row.on:
            yield (*path, "expires"), "it expires before it was held"


def _positive_alarms(subject: Subject) -> Found:
    for index, rule in enumerate(subject.file.rules):
        sequence, path = rule.positive_alarm, ("rules", index, "positive_alarm")
        if sequence is None:
            continue
        if rule.plan is None:
            yield path, "only a rule that activates a plan can wait for somebody to look: add plan: …, or delete this"
        if any(point.measure == _CALL_POINT for point in subject.selected(rule.select).points):
            yield path, "a manual call point never waits: somebody has looked already; delete this"
        if sequence.acknowledge > _LONGEST_ANSWER_S:
            yield (*path, "acknowledge"), "somebody answers within 15s, or the plan comes into force: write 15s or less"
        if sequence.investigate > _LONGEST_LOOK_S:
            yield (*path, "investigate"), "whoever looks has at most 3m, or the plan comes into force: write 3m or less"
