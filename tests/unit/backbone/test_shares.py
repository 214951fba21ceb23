"""`--partition k/n`: which sites of a folder a worker takes."""

from pathlib import Path

import pytest

from backbone.settings import Settings
from backbone.site_files import own_sites


def shares(folder: Path, n: int) -> list[set[str]]:
    return [{file.stem for file in own_sites(Settings(site=folder, partition=f"{k}/{n}"))} for k in range(1, n + 1)]


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_every_site_has_exactly_one_worker_and_keeps_it_when_others_come(tmp_path: Path, n: int) -> None:
    names = [f"community-{number}" for number in range(300)]
    for name in names[:200]:
        (tmp_path / f"{name}.yaml").touch()
    before = shares(tmp_path, n)
    for name in names[200:]:
        (tmp_path / f"{name}.yaml").touch()
    after = shares(tmp_path, n)
    assert sorted(name for share in after for name in share) == sorted(names)
    assert all(old <= new for old, new in zip(before, after, strict=True))
    assert max(map(len, after)) <= 1.5 * 300 / n, "a share is near its part where sites are many"
