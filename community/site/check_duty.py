"""What rosters, contacts and notifications must satisfy: somebody is on duty, and messages have a way out."""

import re

from community.escalations import party_of
from community.notice_text import FIELDS, unknown_fields
from community.people import Role
from community.roster import gaps, knows_holidays
from community.site.duty import Roster, Templates
from community.site.problems import suggestion
from community.site.subject import Found, Subject
from community.site.yaml_text import Path

_ENV = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"^[a-z0-9+]+://[^/@?{}]*:[^/@{}]+@", re.IGNORECASE)
_DAYS = {
    "mon": "Mondays",
    "tue": "Tuesdays",
    "wed": "Wednesdays",
    "thu": "Thursdays",
    "fri": "Fridays",
    "sat": "Saturdays",
    "sun": "Sundays",
}
_ROLES = tuple(role.value for role in Role)


def check_contacts(subject: Subject) -> Found:
    """The ways people are reached."""
    notifications = subject.file.notifications
    channels = notifications.channels if notifications is not None else {}
    for index, person in enumerate(subject.file.people):
        for number, contact in enumerate(person.contacts):
            path: Path = ("people", index, "contacts", number)
            yield from address((*path, "to"), contact.to)
            known = contact.channel in channels or subject.touched("notifications")
            if (
                notifications is not None
                and "://" not in contact.to
                and not contact.to.startswith("env:")
                and not known
            ):
                near = suggestion(contact.channel, channels)
                yield (*path, "channel"), f"no channel '{contact.channel}' is configured in notifications{near}"


def address(path: Path, text: str) -> Found:
    """What may stand where a person, a service or a broker is reached: `env:NAME`, or something without a password."""
    if text.startswith("env:") and not _ENV.fullmatch(text):
        yield path, f"'{text}' names no environment variable; write env:NAME with letters, digits and _"
    elif _SECRET.match(text):
        yield path, "a password has no place in this file: put the whole URL into the environment and write env:NAME"


def check_roster(subject: Subject) -> Found:
    """Shifts, duties, and that no duty is left alone."""
    roster = subject.file.roster
    if roster is None:
        return
    if not knows_holidays(roster.holidays):
        yield ("roster", "holidays"), f"the public holidays of '{roster.holidays}' are not known; write a code like CN"
    for key, what in (("shifts", "shift"), ("duties", "duty")):
        seen: set[str] = set()
        for index, row in enumerate(getattr(roster, key)):
            if row.id in seen:
                yield ("roster", key, index, "id"), f"the {what} id '{row.id}' is used twice; give this one another"
            seen.add(row.id)
    yield from _rota(roster, subject)
    if not any(subject.touched(f"roster.{key}") for key in ("shifts", "duties", "rota")):
        yield from _coverage(roster, {shift.id for shift in roster.shifts})


def _rota(roster: Roster, subject: Subject) -> Found:
    shifts, duties = [s.id for s in roster.shifts], [d.id for d in roster.duties]
    for index, row in enumerate(roster.rota):
        path: Path = ("roster", "rota", index)
        if row.shift not in shifts and not subject.lost("roster.shifts"):
            yield (*path, "shift"), f"there is no shift '{row.shift}'{suggestion(row.shift, shifts)}"
        if row.duty not in duties and not subject.lost("roster.duties"):
            yield (*path, "duty"), f"there is no duty '{row.duty}'{suggestion(row.duty, duties)}"
        if not row.people:
            yield (*path, "people"), "nobody does this; name one of the people, or delete the row"
        for number, person in enumerate(row.people):
            yield from subject.absent((*path, "people", number), "person", person)
        if row.turn != "together" and row.since is None:
            yield (*path, "turn"), "who begins when they take turns? add since: with the day the first one begins"


def _coverage(roster: Roster, shifts: set[str]) -> Found:
    if any(row.shift not in shifts for row in roster.rota):
        return
    for index, duty in enumerate(roster.duties):
        free = gaps(roster, duty.id)
        if free:
            day, begin, end, holiday = free[0]
            when = f"on {_DAYS[day]}{' that are public holidays' if holiday else ''} from {begin} to {end}"
            more = f", and at {len(free) - 1} other times of the week" if len(free) > 1 else ""
            sentence = f"nobody is on duty for {duty.id} {when}{more}; add a row to the rota"
            yield ("roster", "duties", index, "id"), sentence


def check_notifications(subject: Subject) -> Found:
    """Levels, channels, templates."""
    notifications = subject.file.notifications
    if notifications is None:
        return
    for name, sender in notifications.channels.items():
        path: Path = ("notifications", "channels", name, "url")
        yield from address(path, sender.url)
        if not sender.url.startswith("env:") and "://" not in sender.url:
            yield path, f"'{sender.url}' is no way out; write env:NAME or a URL such as json://host/path"
    for grade, levels in notifications.levels.items():
        before = -1.0
        for index, level in enumerate(levels):
            path = ("notifications", "levels", grade, index)
            if not level.on_duty and not level.all_:
                yield path, "this level tells nobody; add on_duty: […] or all: […]"
            if level.after < before:
                yield (*path, "after"), "levels come in the order of their times; this one is before the one above"
            before = max(before, level.after)
            if level.in_turn is not None and grade == "high":
                yield (*path, "in_turn"), "of a high alarm everybody is told at once; delete this"
            for number, name in enumerate(level.on_duty):
                yield from _somebody((*path, "on_duty", number), name, subject)
            for number, name in enumerate(level.all_):
                yield from _somebody((*path, "all", number), name, subject)
    for index, report in enumerate(notifications.reports):
        for number, name in enumerate(report.to):
            yield from _reader(("notifications", "reports", index, "to", number), name, subject)
    for kind in Templates.model_fields:
        text = getattr(notifications.templates, kind)
        for language in ("zh", "en"):
            for field in unknown_fields(getattr(text, language)) if text is not None else ():
                path = ("notifications", "templates", kind, language)
                yield path, f"'{{{field}}}' cannot be filled in; what can: {', '.join(FIELDS)}"


def _reader(path: Path, name: str, subject: Subject) -> Found:
    party = party_of(name)
    if party is not None:
        yield from subject.absent(path, "party", party)
    elif name not in {person.id for person in subject.file.people}:
        yield from _somebody(path, name, subject)


def _somebody(path: Path, name: str, subject: Subject) -> Found:
    roster = subject.file.roster
    if any(subject.touched(keys) for keys in ("people", "roster")):
        return
    rostered = [duty.id for duty in roster.duties] if roster is not None else []
    held = {held for person in subject.file.people for held in (*person.roles, *person.duties)}
    if name not in rostered and name not in held:
        near = suggestion(name, [*rostered, *sorted({*held, *_ROLES})])
        yield path, f"nobody is ever {name}; add it to the roster, or to the duties of one of the people{near}"
