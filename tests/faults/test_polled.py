"""What can go wrong with a publisher, laid over each polled feed: from its server to the outages."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.engine import Engine, chain
from pipeline.feeds.live.base import HEARTBEAT, Scope
from pipeline.feeds.live.polled import Polling
from pipeline.feeds.polled import Polled
from pipeline.feeds.registry import POLLED
from pipeline.fusion import Fused
from pipeline.records import DEAD, UP, DeadLetter, Frame, Heartbeat, Outage
from pipeline.signals.binning import Late, Taken
from tests.feeds.live.polling import DAY, HOUR, PAUSE, START, ZONG, Story, given
from tests.lookalikes.http import FAULTS

pytestmark = pytest.mark.sockets

SCOPE = Scope(("PK",), (ZONG,), ("whatsapp",))
RETRY = 600  # what the look-alike says with its 429 [s]


def without_repeats(story: Story) -> list[Frame]:
    """What was sent without heartbeats that say the same as those before them."""
    said: dict[int, tuple[object, ...]] = {}
    frames: list[Frame] = []
    for frame in story.sink.sent:
        if isinstance(frame, Heartbeat):
            before, said[frame.partition] = said.get(frame.partition), (frame.time, frame.status, frame.reason)
            if said[frame.partition] == before:
                continue
        if not isinstance(frame, DeadLetter):
            frames.append(frame)
    return frames


FALSE = pytest.mark.xfail(reason="routes that follow the hours of the day are told each night: lows do not teach")
EACH = [pytest.param(one, id=name, marks=FALSE if name == "ioda-bgp" else ()) for name, one in POLLED.items()]


@pytest.mark.parametrize("polled", EACH)
def test_a_fault_of_a_publisher_is_said_and_is_no_outage(polled: Polled) -> None:
    """One fault after the other, with as much time without one between them.

    Some of what was while the server was killed is lost; all else is asked for again.
    """
    lasting = max(3 * polled.width, HOUR)
    begins = {fault: START + HOUR + 2 * lasting * i for i, fault in enumerate(FAULTS)}
    end = START + HOUR + 2 * lasting * len(FAULTS)

    def fault(now: float) -> str:
        return next((name for name, begin in begins.items() if begin <= now < begin + lasting), "")

    entities = [place.entity for place in polled.places(SCOPE)]
    rows = given(polled, START - 3 * DAY, end, entities)
    lost = np.arange(begins["killed"], begins["killed"] + lasting // 2, polled.width)
    rows = rows.take(~np.isin(rows.time, lost))
    story = Story(polled, rows, START, end, past=2 * DAY, scope=SCOPE, fault=fault).told()
    outputs = list(chain(without_repeats(story), Engine()))  # type: ignore[arg-type]

    used = sum(output.records for output in outputs if isinstance(output, Taken))
    late = sum(len(output.records) for output in outputs if isinstance(output, Late))
    letters = story.sink.letters(polled.name)
    assert story.desk.read + story.desk.dead == used + late + len(letters)
    assert {letter.reason for letter in letters} <= {"bad-json", "bad-answer"}

    notice = polled.period * (1 + Polling().jitter) + 2 * HEARTBEAT
    for name, begin in begins.items():
        seen = {beat.status for now, beat in story.beaten if begin + notice < now < begin + lasting}
        assert seen == ({UP} if name == "flood" else {DEAD}), name
        back = max(PAUSE, RETRY if name == "429" else 0, polled.period * (1 + Polling().jitter)) + 2 * HEARTBEAT
        after = {beat.reason for now, beat in story.beaten if begin + lasting + back < now < begin + 2 * lasting}
        assert after == {""}, name
    assert all(beat.reason for _, beat in story.beaten if beat.status == DEAD)
    ends = np.unique(rows.time) + polled.width
    for now, beat in story.beaten:
        published = ends[: np.searchsorted(ends, now - story.delay, side="right")]
        assert beat.time <= published[-1]
        known = ends[: np.searchsorted(ends, now - story.delay - notice, side="right")]
        assert now < START + notice or beat.status == DEAD or beat.time >= known[-2] - polled.grace
    assert {beat.reason for now, beat in story.beaten if begins["yesterday"] + notice < now < begins["flood"]} & {
        "its newest value is 24 hours old",
        "its newest value is 25 hours old",  # of hourly bins
        "127.0.0.1 gives no values of the last 12 hours",
    }
    assert all(before.time <= beat.time for (_, before), (_, beat) in pairwise(story.beaten))

    assert all((np.diff(rows.time) >= 0).all() for rows in story.sink.batches(polled.name))
    assert [o for o in outputs if isinstance(o, Outage) and o.confirmed_at is not None] == []
    fused = [(output.verdicts, output.bin) for output in outputs if isinstance(output, Fused)]
    bins = {int(verdicts.start[at]): verdicts.value[at] for verdicts, at in fused}
    assert sorted(bins) == list(range(min(bins), max(bins) + 1, polled.width))
    assert max(bins) > end - 2 * HOUR - 2 * polled.width
    assert [start for start, value in bins.items() if not (value > 0).all()] == lost.tolist()
    assert np.isnan([bins[start] for start in lost.tolist()]).all()


def test_an_outage_beside_such_faults_is_found() -> None:
    polled = POLLED["ioda-probing"]
    rows = given(polled, START - 3 * DAY, START + DAY)
    down = (rows.time >= START + 2 * HOUR) & (rows.time < START + 5 * HOUR)
    rows = replace(rows, value=np.where(down, 0.05 * rows.value, rows.value))
    story = Story(polled, rows, START, START + 8 * HOUR, past=2 * DAY)
    story.fault = lambda now: "500" if START + HOUR < now < START + 4 * HOUR else ""
    found = [out for out in chain(without_repeats(story.told()), Engine()) if isinstance(out, Outage)]  # type: ignore[arg-type]
    assert {(out.entity, out.end is not None) for out in found if out.confirmed_at} >= {("PK", True), ("AS59257", True)}
