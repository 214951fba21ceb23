from backbone.refused import MAX_ENTRIES, OTHERS, Ledger
from community.quarantine import Quarantined


def row(source: str, reason: str = "bad", *, at: int = 0, count: int = 1, sample: str = "s") -> Quarantined:
    return Quarantined("yard", "ingest", source, reason, at, at, count, sample)


def test_entries_of_one_source_and_reason_add_up() -> None:
    ledger = Ledger()
    ledger.add(row("a", at=5, sample="first"))
    ledger.add(row("a", at=9, count=3, sample="second"))
    ledger.add(row("a", "worse"))
    assert ledger.waiting
    assert sorted(ledger.take(), key=lambda one: one.reason) == [
        Quarantined("yard", "ingest", "a", "bad", 5, 9, 4, "second"),
        row("a", "worse"),
    ]
    assert not ledger.waiting


def test_what_could_not_be_recorded_is_kept_with_what_came_since() -> None:
    ledger = Ledger()
    ledger.add(row("a", at=1, count=2))
    rows = ledger.take()
    ledger.add(row("a", at=2))
    ledger.give_back(rows)
    assert ledger.take() == [Quarantined("yard", "ingest", "a", "bad", 1, 2, 3, "s")]


def test_a_flood_of_sources_is_counted_in_bounded_memory() -> None:
    ledger = Ledger()
    for n in range(MAX_ENTRIES * 2):
        ledger.add(row(f"source-{n}"))
    rows = ledger.take()
    assert len(rows) == MAX_ENTRIES + 1
    assert sum(one.count for one in rows) == MAX_ENTRIES * 2
    assert max(rows, key=lambda one: one.count).source == OTHERS


def test_reasons_that_tell_the_byte_are_one_reason() -> None:
    ledger = Ledger()
    ledger.add(row("t", "not a frame: JSON is malformed: invalid character (byte 17)"))
    ledger.add(row("t", "not a frame: JSON is malformed: invalid character (byte 4711)"))
    ledger.add(row("t", "not a frame: Expected `int`, got `str` - at `$.p[3]`"))
    ledger.add(row("t", "not a frame: Expected `int`, got `str` - at `$.p[77]`"))
    assert len(ledger.take()) == 2


def test_texts_are_such_as_a_database_takes() -> None:
    ledger = Ledger()
    ledger.add(row("x" * 1000, "\udcff\0" * 400, sample="\0\ud800" * 1000))
    [entry] = ledger.take()
    for text, most in ((entry.source, 300), (entry.reason, 300), (entry.sample, 512)):
        assert len(text) <= most
        assert "\0" not in text
        text.encode()
