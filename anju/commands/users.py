"""`anju user`: people who may sign in."""

from typing import Annotated

import typer

from anju.commands.terminal import out, saying
from backbone.database.errors import DatabaseError
from backbone.steady import wall_ms

user = typer.Typer(help="People who may sign in.", no_args_is_help=True)

NewPassword = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="ANJU_NEW_PASSWORD")
]


@user.command("add", epilog="Example: anju user add wang-wei --name 王伟 --role safety-officer")
def user_add(
    username: str,
    role: Annotated[list[str], typer.Option(help="manager, crew, safety-officer, supervisor or administrator")],
    password: NewPassword,
    name: Annotated[str, typer.Option(help="the name others see")] = "",
) -> None:
    """Let somebody sign in."""
    from anju.accounts import add_user

    with saying(ValueError, DatabaseError):
        add_user(username, name or username, role, password, wall_ms())
    out.print(f"{username} may sign in")


@user.command("password", epilog="Example: anju user password admin")
def user_password(
    username: str,
    password: NewPassword,
) -> None:
    """Give somebody a new password; all their sessions end."""
    from anju.accounts import set_password

    with saying(ValueError, DatabaseError):
        set_password(username, password, wall_ms())
    out.print(f"{username} has a new password; open sessions were ended")
