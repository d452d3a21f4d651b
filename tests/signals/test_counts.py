"""What was read is used, late or dead: the partitions answer for it, and a difference is said."""

import numpy as np
import pytest
from rich.console import Console

from pipeline.explain.summary import tell
from pipeline.records import END, UP, Entity, Heartbeat, Rows, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport
from pipeline.signals.binning import BinStage, Late, Taken, Total
from pipeline.signals.series import Series

RUN = Run("run", "replay", ("probing.ioda",))


class Seven(Playback):
    """A playback that has read seven records."""

    read = 7  # type: ignore[assignment]


def rows(*times: int) -> Rows:
    at = np.array(times)
    return Rows(RUN, "table", 1, "probing.ioda", 600, (), 0, (Entity("country", "PK"),),
                at, np.zeros(len(at), np.int32), np.ones(len(at)))  # fmt: skip


def beat(time: int, status: str = UP) -> Heartbeat:
    return Heartbeat(RUN, "table", 1, time, status, RUN.signals)


def test_at_its_end_a_partition_tells_how_much_it_used_and_found_late_over_a_restart_too() -> None:
    stage, heir = BinStage(1, Series), BinStage(1, Series)
    for frame in (rows(0, 600), beat(1200)):
        stage.step(frame)
    heir.load(stage.save())
    out = [output for frame in (rows(0, 1200, 1800), beat(2400, END)) for output in heir.step(frame)]
    assert [output for output in out if isinstance(output, Total)] == [Total("run", "table", 1, 4, 1)]


class Full(Series):
    """A binner that has no room for anything."""

    def add(self, batch: Rows) -> Rows | None:
        self.crowded = len(batch)
        return batch


def test_a_stage_passes_on_how_much_found_no_room() -> None:
    stage = BinStage(1, Full)
    (taken, late), (total, *_) = stage.step(rows(0, 600)), stage.step(beat(1200, END))
    assert (taken, total) == (Taken("table", 0), Total("run", "table", 1, 0, 2, crowded=2))
    assert isinstance(late, Late)
    assert late.crowded == 2


def test_what_found_no_room_is_told_apart_from_what_was_late(capsys: pytest.CaptureFixture[str]) -> None:
    result = ReplayReport(RUN, playback=Seven([], RUN))
    result.take(Total("run", "table", 0, 4, 3, crowded=2))
    result.late = 3
    tell(Console(width=200), result, as_json=False)
    assert "2 late records found no room" in capsys.readouterr().out


@pytest.mark.parametrize(("used", "code"), [(7, 0), (5, 1)])
def test_records_that_the_workers_did_not_answer_for_are_told(
    used: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    result = ReplayReport(RUN, playback=Seven([], RUN), judged={0: 7})
    for partition, count in enumerate((2, used - 2)):
        result.take(Total("run", "table", partition, count, 0))
    assert tell(Console(width=200), result, as_json=False) == code
    said = capsys.readouterr().out
    assert f"7 records read: {used} used" in said
    assert ("some records have no answer" in said) == (code == 1)
