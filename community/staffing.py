"""Who fills a role now: a duty by the roster, or else whoever holds it."""

from collections.abc import Iterable

from community.escalations import party_of
from community.roster import OnRecord, on_duty
from community.site.site import Site
from community.training import fit


def everybody(site: Site, name: str) -> tuple[str, ...]:
    """All who hold a role or a duty, or work for a party; or the person of that name."""
    people = site.file.people
    if (party := party_of(name)) is not None:
        return tuple(p.id for p in people if p.party == party)
    return tuple(p.id for p in people if name in p.roles or name in p.duties or name == p.id)


def rostered_now(site: Site, name: str, at: int, record: OnRecord) -> tuple[str, ...]:
    """Those the roster has on duty for it at a time (Unix ms); nobody where it says nothing of it."""
    roster = site.file.roster
    if roster is None or all(duty.id != name for duty in roster.duties):
        return ()
    return on_duty(roster, site.file.site.timezone, name, at, record)


def filling(site: Site, name: str, at: int, record: OnRecord) -> tuple[str, ...]:
    """Who fills it at a time: those on duty; where the roster names nobody, all who hold it. Somebody must."""
    return fit(name, rostered_now(site, name, at, record) or everybody(site, name), record.barred)


def line_of_command(site: Site, commander: str, deputies: Iterable[str], at: int, record: OnRecord) -> tuple[str, ...]:
    """Who is asked to command, in order: who is on duty as commander, the deputies, then all who may be commander.

    Args:
        commander: the role a plan names.
        deputies: roles, duties or people.
    """
    first = rostered_now(site, COMMANDER, at, record) or rostered_now(site, commander, at, record)
    then = (person for name in deputies for person in filling(site, name, at, record))
    return tuple(dict.fromkeys((*first, *then, *everybody(site, commander))))


COMMANDER = "commander"
"""The duty of whoever commands; steps name it too."""
