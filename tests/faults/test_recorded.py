"""The same faults over what was recorded: calm weeks, eight real shutdowns, and five real minutes as a burst."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pipeline.signals
from pipeline.bins import DAY
from pipeline.evaluation.cases import read_cases
from pipeline.feeds import Recording, open_source
from pipeline.feeds.ris_live import FEED
from pipeline.records import Elements, Rows
from pipeline.settings import Counting, Settings
from tests.faults import faults as f
from tests.faults.streams import FAULT, Found, play_frames, played
from tests.replay.test_resets import silence
from tests.replay.truth import confirmed, hit
from tests.signals.synthetic_bgp import table_dump
from tests.signals.test_resets import OTHERS, PLACES, table

pytestmark = pytest.mark.slow


def moved(series: tuple[Rows, ...], day: int) -> tuple[list[Rows], int]:
    """The series some whole days later or earlier, so that the fault falls on the ``day`` [days]; and how much [s]."""
    shift = (FAULT // DAY - day) * DAY
    return [replace(rows, time=rows.time + shift) for rows in series], shift


HALF_A_DAY = {"end": FAULT + 12 * 3600}


def everything_counted(found: Found) -> None:
    assert found.result.used + found.result.late == found.read
    assert found.result.dead == []


@pytest.mark.parametrize(
    "fault", [f.backwards, f.dead, f.frozen("", **HALF_A_DAY)], ids=["last first", "dead for half an hour", "frozen"]
)
def test_lost_peers_over_britain_are_no_outage(fault: f.OfFrames, data: Path) -> None:
    whole = open_source(data / "signals" / "control-britain-2020-peerloss").whole
    assert whole is not None
    series, _ = moved(whole.series, int(np.median(whole.series[0].time)) // DAY)
    found = play_frames(series, fault)
    assert confirmed(found.result.sorted()) == []
    everything_counted(found)


@pytest.mark.parametrize(
    "name", ["the feed dead for half an hour", "google frozen", "probing frozen from the day before"]
)
def test_no_shutdown_of_iraq_is_hidden_or_ended_by_a_fault_in_the_middle_of_one(name: str, data: Path) -> None:
    case = data / "signals" / "iraq-2023-exams"
    whole = open_source(case).whole
    assert whole is not None
    (known,) = read_cases([case])
    series, shift = moved(whole.series, known.labels[3].start // DAY)
    wanted = [label._replace(start=label.start + shift, end=label.end + shift) for label in known.labels]
    assert wanted[3].start < FAULT < wanted[3].end
    faults = {
        "the feed dead for half an hour": f.dead,
        "google frozen": f.frozen("traffic.google", **HALF_A_DAY),
        "probing frozen from the day before": f.frozen("probing.ioda", begin=FAULT - 12 * 3600, end=FAULT + 8 * 3600),
    }
    found = play_frames(series, faults[name])
    everything_counted(found)
    outages = found.result.sorted()
    missed = [label for label in wanted if hit(label, outages, known.tolerance) is None]
    assert missed == [], found.told
    assert [outage.start // DAY for outage in confirmed(outages)] == [label.start // DAY for label in wanted]
    assert len(confirmed(outages)) == 8, found.told


def test_five_recorded_minutes_are_a_burst_after_a_quiet_day_and_nothing_else(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seventeen thousand messages of a collector's peers, over the table that they are of."""
    monkeypatch.setattr(pipeline.signals, "places", lambda: PLACES)
    path = data / "feeds/rislive/derived-from-mrt/rrcXX_20160811_1600_rendered.ndjson"
    batches = [item for item in FEED.read(io.BytesIO(path.read_bytes())) if isinstance(item, Elements)]
    assert sum(map(len, batches)) > 17_384
    begin, end = int(batches[0].time[0]) - 30 * 3600, int(batches[-1].time[-1]) + 3 * 3600
    given = [table_dump(begin, OTHERS, *table(batches)), *batches, silence(end, OTHERS[0])]
    found = played(Recording("rislive", FEED.signals, iter(given)), Settings(Counting(floors={4: 100, 6: 100})))
    assert found.told == []
    assert (found.result.used, found.result.late) == (found.read, 0)
