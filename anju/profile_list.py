"""The table of `anju profiles`."""

from collections.abc import Iterable, Iterator

from rich.text import Text

from community.site.profile import Lane, Profile

MOST_NAMES = 12


def rows(profiles: Iterable[Profile]) -> Iterator[tuple[Text, ...]]:
    """Id, product with its maker, decoder with its codec, family, lanes, measures (urgent ones marked), source."""
    for profile in sorted(profiles, key=lambda row: row.id):
        urgent = [key for key, measure in profile.measures.items() if measure.lane is Lane.URGENT]
        lanes = ["urgent"] * bool(urgent) + ["bulk"] * (len(urgent) < len(profile.measures))
        names = [f"{key}!" if key in urgent else key for key in profile.measures]
        more = [f"… ({len(names)} in all)"] if len(names) > MOST_NAMES else []
        codec = f" ({profile.codec})" if profile.codec else ""
        maker = "" if profile.maker.casefold() in profile.product.casefold() else f"{profile.maker}: "
        cells = (
            profile.id,
            f"{maker}{profile.product}",
            profile.decoder + codec,
            profile.family.value,
            ", ".join(lanes),
            ", ".join([*names[:MOST_NAMES], *more]),
            profile.source,
        )
        yield tuple(Text(cell) for cell in cells)
