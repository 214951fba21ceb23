"""Users as shown to administrators, and what they change."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.times import Timestamp
from community.people import Role

Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Password = Annotated[str, StringConstraints(max_length=256)]


class UserOut(BaseModel):
    """Somebody who may sign in, or might once."""

    username: str
    name: str
    roles: list[Role]
    disabled: bool
    created: Timestamp


class NewUser(BaseModel):
    """Somebody who shall be able to sign in."""

    model_config = ConfigDict(extra="forbid")

    username: Username
    name: Name
    roles: list[Role] = Field(min_length=1)
    password: Password = Field(repr=False)


class UserChange(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    roles: list[Role] | None = Field(default=None, min_length=1)
    password: Password | None = Field(default=None, repr=False)
    disabled: bool | None = None
