"""What risks and emergency plans must satisfy: a high risk has its plan, and every step can be done by somebody."""

from community.people import Action, Role, may
from community.site.devices import OUTPUT_KINDS
from community.site.plans import Level, Plan, Step, grade_of
from community.site.problems import suggestion
from community.site.rules import Grade
from community.site.subject import Found, Subject
from community.site.yaml_text import Path

_GRADES = tuple(Grade)
_PLATFORM_ROLES = tuple(role.value for role in Role)


def check_risks(subject: Subject) -> Found:
    """The register of risks."""
    for index, risk in enumerate(subject.file.risks):
        path: Path = ("risks", index)
        yield from subject.absent((*path, "zone"), "zone", risk.zone)
        least = grade_of(risk.likelihood, risk.severity)
        if _GRADES.index(risk.grade) < _GRADES.index(least):
            product = risk.likelihood * risk.severity
            yield (
                (*path, "grade"),
                f"likelihood x severity is {product}, which is {least}; it may be graded higher only",
            )
        if risk.grade is Grade.HIGH and risk.plan is None:
            yield (*path, "grade"), "a high risk must have an emergency plan: add plan: …"
        yield from subject.absent((*path, "plan"), "plan", risk.plan)
        yield from subject.absent((*path, "owner"), "person", risk.owner)
        for key, what in (("rules", "rule"), ("facilities", "facility")):
            for number, name in enumerate(getattr(risk, key)):
                yield from subject.absent((*path, key, number), what, name)
        if risk.assessed is not None and risk.review is not None and risk.review <= risk.assessed:
            yield (*path, "review"), "the next review is not after the assessment"


def check_plans(subject: Subject) -> Found:
    """The emergency plans."""
    for index, plan in enumerate(subject.file.plans):
        path: Path = ("plans", index)
        yield from subject.absent((*path, "approved", "by"), "person", plan.approved.by)
        if plan.next_revision <= plan.approved.on:
            yield (*path, "next_revision"), "the next revision is not after the approval"
        if not plan.levels:
            yield (*path, "levels"), "a plan has steps for at least one level: low, medium or high"
        yield from _organisation((*path, "organisation"), plan, subject)
        for number, resource in enumerate(plan.resources):
            yield from subject.absent((*path, "resources", number, "zone"), "zone", resource.zone)
            yield from subject.absent((*path, "resources", number, "facility"), "facility", resource.facility)
        for level, flow in plan.levels.items():
            if flow.steps and not subject.touched("plans.levels") and all(step.do is not None for step in flow.steps):
                sentence = f"level {level} tells nobody and asks nobody; add a step with notify: […] or who: …"
                yield (*path, "levels", level, "steps"), sentence
            if not flow.steps:
                yield (*path, "levels", level, "steps"), f"level {level} has no step; write what is done, or delete it"
            for number, step in enumerate(flow.steps):
                yield from _step((*path, "levels", level, "steps", number), step, plan, subject)
            yield from _order((*path, "levels", level, "steps"), flow)


def _organisation(path: Path, plan: Plan, subject: Subject) -> Found:
    commander = plan.organisation.commander.value
    if not _filled_by_anybody(commander, subject):
        yield (*path, "commander"), f"nobody has the role {commander}; give it to one of the people"
    for number, name in enumerate(plan.organisation.deputies):
        yield from _deputy((*path, "deputies", number), name, subject)
    for number, role in enumerate(plan.organisation.roles):
        yield from _unfilled((*path, "roles", number), role, subject)


def _deputy(path: Path, name: str, subject: Subject) -> Found:
    """Somebody is meant, and all who are may command."""
    meant = [p for p in subject.file.people if name in p.roles or name in p.duties or name == p.id]
    rota = subject.file.roster.rota if subject.file.roster is not None else ()
    meant += [p for p in subject.file.people if any(name == row.duty and p.id in row.people for row in rota)]
    if not meant and not (subject.touched("people.roles") or subject.touched("people.duties")):
        yield path, f"'{name}' is no person, role or duty anybody has"
    for person in dict.fromkeys(p.id for p in meant if not may(frozenset(p.roles), Action.TAKE_COMMAND)):
        yield path, f"{person} may not take command: only a safety officer or a manager deputises"


def _unfilled(path: Path, role: str, subject: Subject) -> Found:
    if not _filled_by_anybody(role, subject):
        where = "roles" if role in _PLATFORM_ROLES else "duties"
        yield path, f"nobody is {role}; add it to the {where} of one of the people"


def _filled_by_anybody(role: str, subject: Subject) -> bool:
    if subject.touched("people.roles") or subject.touched("people.duties"):
        return True
    people = subject.file.people
    return any(role in person.roles or role in person.duties for person in people)


def _order(path: Path, flow: Level) -> Found:
    """Every step's turn comes, and in time."""
    steps = {step.id: step for step in flow.steps}
    done: set[str] = set()
    while ready := [s.id for s in flow.steps if s.id not in done and not (set(s.after) & set(steps)) - done]:
        done.update(ready)
    for number, step in enumerate(flow.steps):
        for place, name in enumerate(step.after):
            where: Path = (*path, number, "after", place)
            if name not in steps:
                yield where, f"there is no step '{name}' at this level{suggestion(name, steps)}"
            elif step.id not in done and name not in done:
                yield where, f"{step.id} waits for {name} and never begins: the steps wait for one another"
            elif steps[name].within > step.within:
                yield where, f"{name} has more time than {step.id}, which waits for it; give {step.id} longer"


def _step(path: Path, step: Step, plan: Plan, subject: Subject) -> Found:
    given = [key for key in ("do", "notify", "who") if getattr(step, key)]
    if len(given) != 1:
        sentence = "a step is done by the machine (do), tells people (notify), or is somebody's (who): give one of them"
        yield path, sentence
    for number, role in enumerate(step.notify):
        yield from _role((*path, "notify", number), role, plan, subject)
    if step.who is not None:
        yield from _role((*path, "who"), step.who, plan, subject)
    if step.do is not None:
        yield from _command((*path, "do"), step, subject)


def _role(path: Path, role: str, plan: Plan, subject: Subject) -> Found:
    own = ("commander", *plan.organisation.roles)
    if role in own or subject.touched("plans.organisation"):
        return  # whether somebody fills it is told once, at the organisation
    if role not in _PLATFORM_ROLES:
        near = suggestion(role, [*own, *_PLATFORM_ROLES])
        yield path, f"'{role}' is no role of this plan; add it to organisation.roles{near}"
    else:
        yield from _unfilled(path, role, subject)


def _command(path: Path, step: Step, subject: Subject) -> Found:
    assert step.do is not None
    name, kinds = step.do.set, {output.kind for output in subject.outputs.values()}
    if not subject.touched("gateways.devices.outputs"):
        if name in OUTPUT_KINDS and name not in kinds:
            yield (*path, "set"), f"no device has an output of kind {name}; add it to the device's outputs"
        elif name not in OUTPUT_KINDS and name not in subject.outputs:
            near = suggestion(name, [*subject.outputs, *OUTPUT_KINDS])
            yield (*path, "set"), f"there is no output '{name}'; name device.measure or a kind of output{near}"
    kind = subject.outputs[name].kind if name in subject.outputs else name
    if kind == "egress-lock" and step.do.to == 1:
        yield (*path, "to"), "no plan locks an escape door: write to: safe"
