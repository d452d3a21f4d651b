"""An ingest that is killed and started again changes no bin, and each record is used, late or of no use."""

import asyncio

import pytest

from pipeline.bins import NEVER
from pipeline.errors import DecodeError
from pipeline.feeds.live.base import Outlet
from pipeline.records import Bins, DeadLetter
from pipeline.signals.binning import BinStage, Late, Taken
from pipeline.signals.series import Series
from pipeline.topics import feed
from tests.ingest.scripted import START, Scripted, Sink, rows, supervise

WIDTH = 600
BINS = range(START - 5 * WIDTH, START, WIDTH)


async def gives(outlet: Outlet) -> None:
    """The bins one by one, each with the one before anew, as a poller does; then damage."""
    for time in BINS:
        await outlet.put([rows(time - WIDTH, value=float(time - WIDTH)), rows(time, value=float(time))])
        await outlet.beat(time - WIDTH)
    await outlet.put([DecodeError("a", "bad-json", "poll 6")])
    await outlet.beat(START)
    await asyncio.sleep(3600)


def stepped(sink: Sink) -> tuple[dict[tuple[str, int], float], int]:
    """The value of each bin, and how many records were used, late or of no use."""
    stages = [BinStage(partition, Series) for partition in range(feed("a").partitions)]
    found: dict[tuple[str, int], float] = {}
    counted = 0
    for frame in sink.sent:
        if isinstance(frame, DeadLetter):
            counted += 1
            continue
        for output in stages[frame.partition].step(frame):
            match output:
                case Taken(records=records):
                    counted += records
                case Late(records=records):
                    counted += len(records)
                case Bins():
                    for at, start in enumerate(output.start.tolist()):
                        for column, entity in enumerate(output.entities):
                            assert (entity.name, start) not in found
                            found[entity.name, start] = float(output.value[at, column])
    return found, counted


@pytest.mark.parametrize("kept", [1, 5, 17, 30, 44])
def test_a_kill_and_a_restart_change_no_bin_and_every_record_is_accounted_for(kept: int) -> None:
    whole, read = stepped(supervise(Scripted("a", [gives]), minutes=5))
    assert read == 2 * 2 * len(BINS) + 1
    assert len(whole) == 2 * (len(BINS) + 1)
    killed = Sink(supervise(Scripted("a", [gives]), minutes=5).sent[:kept])
    reached = max((beat.time for beat in killed.beats("a")), default=NEVER)
    again = supervise(Scripted("a", [gives]), minutes=5, reached=reached)
    bins, accounted = stepped(Sink([*killed.sent, *again.sent]))
    assert bins == whole
    given = sum(map(len, (*killed.batches("a"), *again.batches("a")))) + len(again.letters("a"))
    assert accounted == given + len(killed.letters("a"))
