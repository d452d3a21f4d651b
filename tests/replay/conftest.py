"""How a scenario is played: in memory, through the embedded broker, or through Apache Kafka."""

from collections.abc import Callable, Iterator

import pytest

from pipeline.replay.report import ReplayReport
from tests.replay.runners import ThroughKafka, in_memory
from tests.replay.tapes import Tape

Runner = Callable[[Tape], ReplayReport]


@pytest.fixture(scope="session")
def embedded_run(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThroughKafka]:
    run = ThroughKafka(embedded_broker, tmp_path_factory.mktemp("embedded"))
    yield run
    assert run.worker.stop() == 0


@pytest.fixture(scope="session")
def apache_run(apache_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThroughKafka]:
    run = ThroughKafka(apache_broker, tmp_path_factory.mktemp("apache"))
    yield run
    assert run.worker.stop() == 0


@pytest.fixture(
    params=[
        "memory",
        pytest.param("embedded_run", id="embedded", marks=pytest.mark.sockets),
        pytest.param("apache_run", id="apache", marks=[pytest.mark.sockets, pytest.mark.kafka]),
    ]
)
def runner(request: pytest.FixtureRequest) -> Runner:
    """From a tape to its outages."""
    return in_memory if request.param == "memory" else request.getfixturevalue(request.param)
