"""What was fetched is kept: the next start plays it, and asks only for the rest."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.feeds.live.base import Outlet, Scope
from pipeline.ingest.keeping import TOO_OLD, Remembering
from pipeline.records import Rows
from tests.ingest.scripted import START, Scripted, Sink, rows, stays, supervise

SHORTER = 27 * DAY
"""The past that a later watch asks for [s]: what was kept begins before it, whichever clock is ahead."""


def past(start: int, end: int) -> list[Rows]:
    return [rows(time) for time in range(-(-start // 43200) * 43200, end, 43200)]


async def gives(outlet: Outlet) -> None:
    """A new bin, then the one before anew, and an event time."""
    await outlet.put([rows(START)])
    await outlet.put([rows(START - 43200, value=3.0)])
    await outlet.beat(START)
    await asyncio.sleep(3600)


def watched(path: Path, client: Scripted, minutes: float = 0.5, history: int = 28 * DAY) -> Sink:
    keeper = Remembering(client, path, Scope())
    sink = supervise(keeper, minutes=minutes, history=history)
    keeper.close()
    return sink


def table(sink: Sink) -> dict[tuple[int, str], float]:
    """The values by time and place, without the first two days: a later watch asks for a day less."""
    found = {}
    for batch in sink.batches("a"):
        for time, entity, value in zip(batch.time, batch.entity, batch.value, strict=True):
            found[int(time), batch.entities[entity].name] = float(value)
    return {key: value for key, value in found.items() if key[0] >= START - 26 * DAY}


def test_the_next_start_has_the_same_past_and_asks_only_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "state" / "a.frames"
    first = watched(path, Scripted("a", [gives], past))
    client = Scripted("a", [gives], past)
    again = watched(path, client, history=SHORTER)
    assert table(again) == table(first)
    assert table(again)[START - 43200, "PK"] == 3.0
    assert [start for start, _ in client.asked] == [START]
    times = [int(batch.time[0]) for batch in again.batches("a")][:-4]
    assert times == sorted(times)
    assert max(np.ptp(batch.time) for batch in again.batches("a")) < DAY


@pytest.mark.parametrize(
    ("scope", "earlier"), [(Scope(("PK", "UG")), 0), (Scope(("PK",), services=("whatsapp",)), 0), (Scope(("PK",)), DAY)]
)
def test_for_more_places_or_more_of_the_past_all_is_asked_for_anew(scope: Scope, earlier: int, tmp_path: Path) -> None:
    async def run(scope: Scope, start: int) -> tuple[list[tuple[int, int]], int]:
        client = Scripted("a", [gives], past)
        keeper = Remembering(client, tmp_path / "a.frames", scope)
        found = [item async for item in keeper.history(start, START)]
        keeper.close()
        return client.asked, len(found)

    first, number = asyncio.run(run(Scope(("PK",)), START - 2 * DAY))
    assert first == [(START - 2 * DAY, START)]
    asked, found = asyncio.run(run(scope, START - 2 * DAY - earlier))
    assert asked == [(START - 2 * DAY - earlier, START)]
    assert found == number + 2 * earlier // DAY
    asked, _ = asyncio.run(run(scope, START - 2 * DAY))
    assert asked == [(START - 43200, START)]


def test_a_file_whose_writer_was_killed_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    watched(path, Scripted("a", [gives], past))
    path.write_bytes(path.read_bytes()[:-40])
    client = Scripted("a", [gives], past)
    assert table(watched(path, client, history=SHORTER)) == table(
        watched(path, Scripted("a", [gives], past), history=SHORTER)
    )
    assert client.asked[0][0] <= START


def test_what_was_put_is_in_the_file_of_a_process_that_is_killed(tmp_path: Path) -> None:
    keeper = Remembering(Scripted("a", [gives], past), tmp_path / "a.frames", Scope())
    supervise(keeper, minutes=20)
    left = tmp_path / "left.frames"
    left.write_bytes(keeper.path.read_bytes())
    keeper.begun.rename(left.with_suffix(".json"))
    keeper.close()
    again = watched(left, Scripted("a", [stays]), minutes=20, history=SHORTER)
    assert table(again)[START - 43200, "PK"] == 3.0


def test_what_is_too_old_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    old = START - 40 * DAY

    async def run(start: int) -> int:
        keeper = Remembering(Scripted("a", [gives], lambda start, end: [rows(start)]), path, Scope())
        found = [item async for item in keeper.history(start, start + 600)]
        keeper.close()
        return len(found)

    assert asyncio.run(run(old)) == 1
    assert asyncio.run(run(old + TOO_OLD // 2)) == 1
    size = path.stat().st_size
    asyncio.run(run(START))
    assert path.stat().st_size < size
