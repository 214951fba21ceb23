"""The platform that runs here, asked over HTTP to do what only it can do, or what it does better."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from anju.up import UpSettings

ASK_S = 20.0
LOOK_S = 5.0

Password = Callable[[], tuple[str, str]]
"""A name and its password, asked for only when the platform runs and does the work."""


class RunningError(Exception):
    """The platform refuses, or does not answer; the message says why."""


class Running:
    """The platform at an address, with somebody signed in.

    Raises:
        RunningError: as do all its methods.
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = f"{url}/api/v1"
        self._signed: dict[str, str] = {}
        token = self.json("POST", "/session", {"username": username, "password": password})["token"]
        self._signed = {"Authorization": f"Bearer {token}"}

    @classmethod
    def find(cls, settings: UpSettings, password: Password) -> "Running | None":
        """The platform of these settings; None when it does not run."""
        url = f"http://{settings.http_host}:{settings.http_port}"
        try:
            with urlopen(f"{url}/healthz", timeout=LOOK_S) as answer:  # noqa: S310  (our own address)
                if answer.status != 200:
                    return None
        except OSError:
            return None
        return cls(url, *password())

    def json(self, method: str, path: str, body: object = None, timeout_s: float = ASK_S) -> Any:
        """What it answers to a request with this body."""
        data = json.dumps(body).encode() if body is not None else None
        with self.open(method, path, data, timeout_s=timeout_s, **{"Content-Type": "application/json"}) as answer:
            return json.load(answer)

    def open(self, method: str, path: str, data: Any = None, *, timeout_s: float, **headers: str) -> Any:
        """Its answer as a stream; to be closed. `timeout_s` is without a byte."""
        request = Request(f"{self._url}{path}", data, headers | self._signed, method=method)  # noqa: S310
        try:
            return urlopen(request, timeout=timeout_s)  # noqa: S310
        except HTTPError as error:
            try:
                why = json.load(error)["detail"]
            except (ValueError, KeyError):
                why = str(error)
            raise RunningError(f"the platform refuses: {why}") from error
        except OSError as error:
            raise RunningError(f"the platform at {self._url} does not answer: {error}") from error
