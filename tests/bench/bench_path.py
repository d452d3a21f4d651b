"""The whole path: rows of the reconstruction in, outages out, in memory and through a broker with one worker."""

from collections.abc import Iterator

from pipeline import topics
from pipeline.engine import Engine
from pipeline.feeds import FEEDS, Recording, chunks
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.security import PLAIN
from pipeline.records import Run
from pipeline.replay.playback import Playback
from pipeline.replay.reconstruction import reconstruct
from pipeline.replay.report import ReplayReport, through_memory
from pipeline.replay.through_kafka import through_kafka, workers
from tests.bench.rate import Rate, timed


def playback(run: str) -> Playback:
    made = reconstruct(0)
    signals = tuple(sorted(rows.signal for rows in made.rows))
    return Playback([Recording("table", signals, chunks(made.rows))], Run(run, "replay", signals))


def in_memory() -> int:
    played = playback("memory")
    checked(through_memory(played, Engine(), played.run, lambda _: None))
    return played.read


def through(broker: str, run: str) -> int:
    played = playback(run)
    checked(through_kafka(played, broker, PLAIN, lambda _: None))
    return played.read


def checked(result: ReplayReport) -> None:
    assert any(outage.confirmed_at for outage in result.sorted())


def bench_path() -> Iterator[Rate]:
    """Rows a second, start-up of the worker left out: a first run has it join."""
    memory = Rate("path in memory", timed(in_memory)[1], "rows")
    yield memory
    with embedded() as broker:
        create(broker, topics.every(FEEDS))
        with workers(1, broker, "--feed", "table"):
            through(broker, "first")
            yield Rate("path through a broker", timed(lambda: through(broker, "second"))[1], "rows").to(memory)
