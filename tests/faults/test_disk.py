"""A disk that takes nothing: what is kept for the next start is given up, and all that is watched goes on."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from pipeline.agents.snapshots import Mark, SnapshotFiles
from pipeline.bins import DAY
from pipeline.errors import UserError
from pipeline.feeds.live.base import Clock, Scope
from pipeline.feeds.recorded import Recorder
from pipeline.ingest.command import Options
from pipeline.ingest.keeping import Remembering
from pipeline.ingest.outlet import Desk
from pipeline.records import Entity, Rows, Run
from pipeline.watch.run import Every
from tests.feeds.live.polling import START
from tests.ingest.scripted import Sink

PK = Entity("country", "PK", "PK")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room."""

    def refuse(*_: object) -> None:
        raise UserError("'file' cannot be written: No space left on device")

    monkeypatch.setattr(Recorder, "_put", refuse)
    monkeypatch.setattr("pipeline.agents.snapshots.written", refuse)


def rows(hour: int) -> Rows:
    time = np.array([START + 3600 * hour])
    return Rows(Run(), "radar", 0, "traffic.radar", 900, (), 0, (PK,), time, np.array([0], np.int32), np.array([1.0]))


class Given:
    """A client that gives an hour of the past, and then puts the next ones."""

    feed, patience = "radar", 900.0

    async def history(self, start: int, end: int):
        yield rows(0)

    async def listen(self, outlet) -> None:
        for hour in (1, 2):
            await outlet.put([rows(hour)])
            await outlet.beat(START + 3600 * (hour + 1))


@pytest.mark.usefixtures("full")
def test_a_feed_goes_on_and_its_next_start_asks_for_what_was_not_kept(tmp_path: Path) -> None:
    sink, kept = Sink(), Remembering(Given(), tmp_path / "radar.frames", Scope())

    async def run() -> None:
        desk = Desk("radar", Run("live", "live", ("traffic.radar",)), ("traffic.radar",), sink, Clock())
        async for item in kept.history(START - DAY, START):
            await desk.put([item])
        await kept.listen(desk)

    asyncio.run(run())
    kept.close()
    assert [int(batch.time[0]) for batch in sink.batches("radar")] == [START, START + 3600, START + 7200]
    again = Remembering(Given(), tmp_path / "radar.frames", Scope())
    assert list(again._kept(START - DAY)) == []


@pytest.mark.usefixtures("full")
def test_a_worker_goes_on_without_a_snapshot(tmp_path: Path) -> None:
    assert asyncio.run(SnapshotFiles(tmp_path, "bins").save(0, Mark(7), b"state")) is False


def test_a_watch_says_that_it_cannot_keep_its_outages_until_it_can() -> None:
    free: list[bool] = []

    def keep() -> None:
        if not free:
            raise UserError("'outages.json' cannot be written: No space left on device")

    with Every(0.0, keep) as every:
        every()
        assert every.note == "'outages.json' cannot be written: No space left on device"
        free.append(True)
        every()
        assert every.note == ""


def test_a_sign_of_life_that_cannot_be_left_ends_no_feed(tmp_path: Path) -> None:
    (file := tmp_path / "file").touch()
    Options((), state=file / "none").alive()
