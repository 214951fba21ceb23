"""`anju quarantine`: what was refused, and trying again what is set aside of it, from the command line."""

import time
from contextlib import closing

from anju.accounts import BY
from backbone.database import audit
from backbone.database.database import Database
from backbone.database.quarantine import ask_again, is_asked, list_quarantine
from backbone.settings import Settings
from backbone.site_files import read_site
from community.quarantine import Quarantined

LOOK_S = 0.5


def entries(limit: int) -> list[Quarantined]:
    """The latest entries.

    Raises:
        SiteErrors: the site file cannot be read.
    """
    settings = Settings()
    site = read_site(settings)
    with closing(Database.open(settings.state_url)) as database, database.read() as connection:
        return [entry for _, entry in list_quarantine(connection, site.id, limit=limit)]


def retry(now: int, wait_s: float) -> tuple[int, int | None]:
    """Have what is set aside tried again: of how many entries, and how much is left of it; None: not known in time.

    Raises:
        SiteErrors: the site file cannot be read.
    """
    settings = Settings()
    site = read_site(settings)
    with closing(Database.open(settings.state_url)) as database:
        with database.begin() as connection:
            asked = ask_again(connection, site.id, now)
            audit.append(connection, at=now, who=BY, action="quarantine.retry", target=site.id, outcome="done")
        end = time.monotonic() + wait_s
        while True:
            with database.read() as connection:
                if not is_asked(connection, site.id, "ingest"):
                    left = sum(entry.kept for _, entry in list_quarantine(connection, site.id, limit=10_000))
                    return asked, left
            if time.monotonic() > end:
                return asked, None
            time.sleep(LOOK_S)
