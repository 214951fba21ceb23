"""Who people are to the platform, and what each role may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Roles decide rights; rosters decide who is on duty."""

    MANAGER = "manager"
    CREW = "crew"
    SAFETY_OFFICER = "safety-officer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """What a person may ask the platform to do; every API write names one."""

    VIEW = "view"
    ACKNOWLEDGE_ALARM = "acknowledge-alarm"
    SHELVE_ALARM = "shelve-alarm"
    ISOLATE = "isolate"
    WORK_TICKET = "work-ticket"
    ASSIGN_TICKET = "assign-ticket"
    INSPECT_TICKET = "inspect-ticket"
    CREATE_TICKET = "create-ticket"
    ACTIVATE_PLAN = "activate-plan"
    WORK_STEP = "work-step"
    STAND_DOWN_PLAN = "stand-down-plan"
    TAKE_COMMAND = "take-command"
    RETIRE_CARD = "retire-card"
    MANAGE_USERS = "manage-users"
    VIEW_QUARANTINE = "view-quarantine"
    MAKE_BACKUP = "make-backup"
    CHANGE_ROSTER = "change-roster"
    CHOOSE_NOTIFICATIONS = "choose-notifications"
    SWAP_DUTY = "swap-duty"
    RUN_DRILL = "run-drill"
    RECORD_TRAINING = "record-training"
    KEEP_REGISTER = "keep-register"
    WALK_ROUND = "walk-round"
    GRADE_RISK = "grade-risk"
    CHANGE_RULES = "change-rules"
    EXPORT_READINGS = "export-readings"
    IMPORT_READINGS = "import-readings"


_VIEW = frozenset({Action.VIEW})
RIGHTS: dict[Role, frozenset[Action]] = {
    Role.MANAGER: _VIEW
    | {
        Action.ACKNOWLEDGE_ALARM,
        Action.SHELVE_ALARM,
        Action.CREATE_TICKET,
        Action.WORK_TICKET,
        Action.ASSIGN_TICKET,
        Action.INSPECT_TICKET,
        Action.WORK_STEP,
        Action.TAKE_COMMAND,
        Action.RETIRE_CARD,
        Action.VIEW_QUARANTINE,
        Action.CHANGE_ROSTER,
        Action.CHOOSE_NOTIFICATIONS,
        Action.SWAP_DUTY,
        Action.RECORD_TRAINING,
        Action.KEEP_REGISTER,
        Action.WALK_ROUND,
        Action.EXPORT_READINGS,
    },
    Role.CREW: _VIEW
    | {
        Action.CREATE_TICKET,
        Action.WORK_TICKET,
        Action.WORK_STEP,
        Action.CHOOSE_NOTIFICATIONS,
        Action.SWAP_DUTY,
        Action.WALK_ROUND,
    },
    Role.SAFETY_OFFICER: _VIEW
    | {
        Action.ACKNOWLEDGE_ALARM,
        Action.SHELVE_ALARM,
        Action.ISOLATE,
        Action.CREATE_TICKET,
        Action.INSPECT_TICKET,
        Action.ACTIVATE_PLAN,
        Action.WORK_STEP,
        Action.STAND_DOWN_PLAN,
        Action.TAKE_COMMAND,
        Action.RETIRE_CARD,
        Action.VIEW_QUARANTINE,
        Action.CHANGE_ROSTER,
        Action.CHOOSE_NOTIFICATIONS,
        Action.SWAP_DUTY,
        Action.RUN_DRILL,
        Action.RECORD_TRAINING,
        Action.KEEP_REGISTER,
        Action.WALK_ROUND,
        Action.GRADE_RISK,
        Action.CHANGE_RULES,
        Action.EXPORT_READINGS,
    },
    Role.SUPERVISOR: _VIEW
    | {Action.INSPECT_TICKET, Action.CHOOSE_NOTIFICATIONS, Action.WALK_ROUND, Action.EXPORT_READINGS},
    Role.ADMINISTRATOR: _VIEW
    | {
        Action.MANAGE_USERS,
        Action.VIEW_QUARANTINE,
        Action.MAKE_BACKUP,
        Action.CHOOSE_NOTIFICATIONS,
        Action.CHANGE_RULES,
        Action.EXPORT_READINGS,
        Action.IMPORT_READINGS,
    },
}


def may(roles: frozenset[Role], action: Action) -> bool:
    """Whether any of `roles` carries the right to `action`."""
    return any(action in RIGHTS[role] for role in roles)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a user with their roles, or the platform."""

    name: str
    roles: frozenset[Role]


PLATFORM = Actor("system", frozenset())
"""The platform itself; a user always has a role."""
