"""What the API tests work with: users of every role, a clock to turn, and objects to find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from fastapi import FastAPI
from sqlalchemy import Connection

from api.platform import Platform
from api.security.sessions import digest
from backbone.database import alarms as stored_alarms
from backbone.database import audit, outbox, users
from backbone.database.audit import AuditRow
from backbone.database.database import Database
from backbone.database.outbox import OutboxRow
from backbone.database.users import StoredSession, User
from backbone.frames import FrameBuilder, FrameEvent
from backbone.historian.buckets import grid_for
from backbone.historian.partials import buckets, of_readings
from backbone.historian.port import Reading, ReadingBatch, Series, Unwritten
from backbone.position import Position
from community.alarms import Alarm, raise_alarm
from community.people import Role
from community.site.site import Site
from tests.history import batch

PASSWORD = "a-password-for-tests"  # pragma: allowlist secret
NOW = 1_790_000_000_000
SMOKE = "smoke-b3-f1-a.smoke"


@dataclass
class Clock:
    """Stands still until it is turned."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@dataclass
class RememberedHistory:
    """A historian of what the test remembers."""

    readings: list[Reading] = field(default_factory=list)
    happened: list[FrameEvent] = field(default_factory=list)
    fault: Exception | None = None
    """Raised instead of an answer."""

    def positions(self) -> dict[str, Position]:
        return {}

    def use(self, site: Site) -> None:
        """Nothing is kept of it."""

    def write(
        self,
        batches: Sequence[ReadingBatch],
        events: Sequence[tuple[str, FrameEvent]],
        positions: Mapping[str, Position],
    ) -> Sequence[Unwritten]:
        for one in batches:
            rows = zip(one.p.tolist(), one.t.tolist(), one.x.tolist(), one.q.tolist(), strict=True)
            self.readings += [Reading(one.points[p], t, x, q) for p, t, x, q in rows]
        return ()

    def latest(self, site: str, points: Sequence[str] | None, since: int) -> dict[str, Reading]:
        return {r.point: r for r in self.readings if r.t >= since}

    def forget(self, site: str, points: Sequence[str], before: int) -> int:
        return 0

    def check(self, said: Callable[[int], None]) -> Iterator[str]:
        said(0)
        return iter(())

    def backup(self, path: Path) -> bool:
        return False

    def scan(self, site: str, points: Sequence[str] | None, start: int, end: int) -> Iterator[ReadingBatch]:
        rows = [r for r in self.readings if (points is None or r.point in points) and start <= r.t < end]
        if rows:
            yield batch([(r.point, r.t, r.x, r.q) for r in rows], site)

    def tidy(self, now: int) -> bool:
        return False

    def series(self, site: str, point: str, start: int, end: int, max_points: int) -> Series:
        if self.fault is not None:
            raise self.fault
        grid = grid_for(start, end, max_points)
        rows = [r for r in self.readings if r.point == point and start <= r.t < end]
        t, x = np.array([r.t for r in rows], dtype=np.int64), np.array([r.x for r in rows], dtype=np.float64)
        found = buckets(of_readings(t, x, np.array([r.q for r in rows], dtype=np.uint8)), grid.edges)
        return Series(point, start, end, grid.step_ms, found, tuple(grid.edges.tolist()))

    def events(self, site: str, point: str | None, start: int, end: int, limit: int) -> list[FrameEvent]:
        if self.fault is not None:
            raise self.fault
        rows = [e for e in self.happened if start <= e.t < end and point in {None, e.point}]
        return sorted(rows, key=lambda e: -e.t)[:limit]

    def count(self, site: str, point: str | None, start: int, end: int) -> int:
        return sum(point in {None, r.point} and start <= r.t < end for r in self.readings)

    def close(self) -> None:
        pass


def token_of(role: Role) -> str:
    """The token of the session that the user of a role has open."""
    return f"a-token-for-tests-of-{role.value}"


def add_session(connection: Connection, role: Role) -> None:
    """An open session of the role's user."""
    token = digest(token_of(role))
    users.insert_session(
        connection,
        StoredSession(token_hash=token, username=role.value, created=NOW, last_used=NOW, expires=NOW + 7 * 86_400_000),
    )


def add_user(connection: Connection, username: str, password_hash: str, *roles: Role) -> None:
    """Somebody who may sign in."""
    user = User(
        username=username,
        name=username.title(),
        password_hash=password_hash,
        roles=frozenset(roles),
        disabled=False,
        created=NOW,
    )
    users.insert_user(connection, user)


@dataclass(repr=False)
class House:
    """The application and everything behind it."""

    app: FastAPI
    site: Site
    database: Database
    history: RememberedHistory
    clock: Clock
    woken: list[None]
    password_hash: str
    folder: Path

    @property
    def platform(self) -> Platform:
        found: Platform = self.app.state.platform
        return found

    def client(self, address: str = "10.0.0.1", **headers: str) -> httpx.AsyncClient:
        """A client at an address."""
        transport = httpx.ASGITransport(self.app, client=(address, 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://anju.test/api/v1", headers=headers)

    def as_(self, role: Role) -> httpx.AsyncClient:
        """A client of the user who has the role."""
        return self.client(authorization=f"Bearer {token_of(role)}")

    def add_user(self, username: str, *roles: Role) -> None:
        """Somebody who may sign in with `PASSWORD`."""
        with self.database.begin() as connection:
            add_user(connection, username, self.password_hash, *roles)

    def raise_alarm(self, rule: str = "smoke", at: int = NOW, scope: str = SMOKE) -> Alarm:
        """An alarm as rules would have stored it."""
        row = next(row for row in self.site.file.rules if row.id == rule)
        alarm = raise_alarm(site=self.site.id, rule=row, scope=scope, zone="b3-f1", at=at, value=1.0, points=(scope,))
        with self.database.begin() as connection:
            stored_alarms.save_alarm(connection, alarm)
        return alarm

    def audit(self) -> list[AuditRow]:
        """The audit, the latest first."""
        with self.database.read() as connection:
            return audit.rows(connection)

    def events(self) -> list[OutboxRow]:
        """All events, oldest first."""
        with self.database.read() as connection:
            return outbox.events_since(connection, self.site.id, 0, 1000)


def take(house: House, *rows: tuple[str, int, float, int], gateway: str | None = None) -> None:
    """A frame of these readings arrives."""
    builder = FrameBuilder()
    for point, t, x, q in rows:
        builder.add(point, t, x, q)
    owner = gateway or house.site.points[rows[0][0]].gateway
    house.platform.latest.take(owner, builder.seal(epoch=1, seq=1, sent=NOW), house.clock())
