"""The loss ledger's table, in both databases."""

from contextlib import closing
from dataclasses import replace

from backbone.database.database import Database
from backbone.database.losses import list_losses, record_losses
from community.losses import Loss, LossReason

NOW = 1_790_000_000_000
LOSS = Loss("gw-1", "env-1", "bulk", LossReason.SPOOL_FULL, NOW, NOW - 500, NOW, 40)


def test_a_loss_told_again_replaces_itself_and_others_stay(state_url: str) -> None:
    with closing(Database.open(state_url)) as database:
        silent = Loss("gw-1", None, None, LossReason.GATEWAY_DOWN, NOW, NOW - 9_000, NOW + 1, 0)
        elsewhere = replace(LOSS, gateway="gw-2")
        with database.begin() as connection:
            record_losses(connection, "yard", [LOSS, silent, elsewhere])
        with database.begin() as connection:
            record_losses(connection, "yard", [replace(LOSS, last=NOW + 5_000, count=90)])

        def listed(start: int, end: int, limit: int = 10, before: tuple[int, int] | None = None) -> list[Loss]:
            with database.read() as connection:
                rows = list_losses(connection, "yard", "gw-1", start=start, end=end, limit=limit, before=before)
            return [row for _, row in rows]

        grown = replace(LOSS, last=NOW + 5_000, count=90)
        assert listed(0, 2 * NOW) == [grown, silent]
        assert listed(NOW + 2, 2 * NOW) == [grown], "it still went on then"
        assert listed(0, NOW - 5_000) == [silent]
        with database.read() as connection:
            ((number, first),) = list_losses(connection, "yard", "gw-1", start=0, end=2 * NOW, limit=1)
        assert listed(0, 2 * NOW, before=(first.last, number)) == [silent]
