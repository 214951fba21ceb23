"""The program of the end-to-end tests: one run of the demo for each module."""

from collections.abc import Iterator

import pytest

from tests.program import Outside, Program


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demo community with its simulator, running."""
    running = Program(tmp_path_factory.mktemp("program")).start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def outside(program: Program) -> Iterator[Outside]:
    """Somebody else's MQTT client on the program's broker."""
    with program.outside() as client:
        yield client
