"""Users: who may sign in, and with which roles."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from api.paging import Page
from api.platform import PlatformDep
from api.problems import Problem, conflict, not_found
from api.security import passwords
from api.security.access import require
from api.security.passwords import PasswordRefused
from api.users.schemas import NewUser, UserChange, UserOut
from api.writing import Change, Write, writing
from backbone.database import users
from backbone.database.errors import Conflict
from backbone.database.users import User
from community.people import Action, may

router = APIRouter(prefix="/users", tags=["users"])
Managing = Annotated[Write, writing(Action.MANAGE_USERS, secret=True)]


@router.get("", dependencies=[require(Action.MANAGE_USERS)])
def list_users(platform: PlatformDep) -> Page[UserOut]:
    """Everybody who may sign in or once might."""
    with platform.database.read() as connection:
        return Page(items=[show(user) for user in users.list_users(connection)])


@router.post("", response_model=UserOut, status_code=201)
def create_user(body: NewUser, write: Managing) -> Response:
    """Let somebody sign in."""
    kept = _hash(write, body.password, body.username, body.name)

    def work(change: Change) -> UserOut:
        user = User(
            username=body.username,
            name=body.name,
            password_hash=kept,
            roles=frozenset(body.roles),
            disabled=False,
            created=change.now,
        )
        try:
            users.insert_user(change.connection, user)
        except Conflict as error:
            raise conflict(str(error)) from error
        return show(user)

    return write.perform("user.create", body.username, work, status=201)


@router.patch("/{username}", response_model=UserOut)
def change_user(username: str, body: UserChange, write: Managing) -> Response:
    """Change name, roles or password, disable or enable. It acts at once: open pages of theirs are closed."""
    kept = _hash(write, body.password, username, body.name or "") if body.password is not None else None

    def work(change: Change) -> UserOut:
        before = users.get_user(change.connection, username)
        if before is None:
            raise not_found("user", username)
        after = replace(
            before,
            name=body.name or before.name,
            roles=before.roles if body.roles is None else frozenset(body.roles),
            password_hash=kept or before.password_hash,
            disabled=before.disabled if body.disabled is None else body.disabled,
            version=before.version + 1,
        )
        users.update_user(change.connection, after)
        _keep_an_administrator(change)
        if kept is not None or after.disabled:
            users.delete_sessions_of(change.connection, username)
        return show(after)

    response = write.perform("user.change", username, work, detail=_changes(body))
    if body.roles is not None or body.disabled or kept is not None:
        write.platform.end_pages("your account was changed; sign in again", username, None)
    return response


def show(user: User) -> UserOut:
    """The user as answers show them."""
    return UserOut(
        username=user.username,
        name=user.name,
        roles=sorted(user.roles),
        disabled=user.disabled,
        created=user.created,
    )


def _hash(write: Write, password: str, *about: str) -> str:
    try:
        passwords.check(password, *about)
    except PasswordRefused as error:
        raise Problem(422, str(error), kind="bad-input") from error
    return write.platform.passwords.hash(password)


def _keep_an_administrator(change: Change) -> None:
    if not any(may(u.roles, Action.MANAGE_USERS) and not u.disabled for u in users.list_users(change.connection)):
        raise conflict("somebody must remain who manages users")


def _changes(body: UserChange) -> str:
    """What was changed, for the audit; of a password only that it was."""
    said = body.model_dump(exclude_none=True, exclude={"password"}, mode="json")
    return ", ".join([*(f"{key}={value}" for key, value in said.items()), *(["password"] if body.password else [])])
