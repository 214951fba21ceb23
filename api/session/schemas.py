"""Signing in, and who is signed in."""

from pydantic import BaseModel, ConfigDict, Field

from api.times import Timestamp
from community.people import Role


class SignIn(BaseModel):
    """A user's name and password."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=63, examples=["wang-wei"])
    password: str = Field(min_length=1, max_length=256, repr=False)


class Person(BaseModel):
    """Who somebody is, and what their roles are."""

    username: str
    name: str
    roles: list[Role]


class SessionOut(BaseModel):
    """Somebody is signed in."""

    user: Person
    expires: Timestamp = Field(description="at the latest; earlier when the session is not used")


class NewSession(SessionOut):
    """A new session. The token also comes as a cookie, which is all a browser needs."""

    token: str = Field(description="for `Authorization: Bearer`")
