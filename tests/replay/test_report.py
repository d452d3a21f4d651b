"""The report of a replay: what it takes from the stream of outputs, and what follows from that."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.fusion import Fused
from pipeline.records import Left, Progress, Run, Verdicts
from pipeline.replay.coverage import Observed
from pipeline.replay.report import BROKEN, FEW_SOURCES, MOVED, Incident, ReplayReport
from tests.explain.shown import PK, ZONG, T, outage, verdicts

HOUR = 3600
SIGNAL = "probing.ioda"


def report(*frames: Verdicts, came: tuple[int, int] | None = None) -> ReplayReport:
    """What a replay knows that led to these frames, of rows that came in a time [s]."""
    made = ReplayReport(Run(), Observed(came={SIGNAL: {*range(*came, 600)}} if came else {}))
    for frame in frames:
        for _ in range(2):
            made.take(Fused(frame, 0))
    return made


def feed(*bins: tuple[float, float], width: int = 600, starts: tuple[int, ...] = ()) -> list[Verdicts]:
    """Bins of a feed: its health, and the share of their level that all series show (NaN: no move is known)."""
    at = starts or tuple(range(0, width * len(bins), width))
    return [
        verdicts(
            (PK,), 100.0 if health else np.nan, at=T + start, health=np.full((1, 1), health, np.float32),
            common=np.array([common]), width=width,
        )
        for start, (health, common) in zip(at, bins, strict=True)
    ]  # fmt: skip


def spans(found: list[Incident], unit: int = 600) -> list[tuple[str, int, int, float]]:
    return [(one.what, (one.start - T) // unit, (one.end - T) // unit, one.share) for one in found]


def test_bins_side_by_side_are_one_move() -> None:
    moved = report(*feed(*((1.0, share) for share in (1.0, 0.98, 0.95, 1.0, 1.02, 0.97))), came=(T, T + HOUR))
    assert spans(moved.incidents()) == [(MOVED, 1, 3, 0.95), (MOVED, 4, 5, 1.02), (MOVED, 5, 6, 0.97)]


def test_a_feed_is_broken_only_where_rows_came_and_no_partition_was_healthy() -> None:
    sick = feed(*[(0.0, np.nan)] * 20)
    assert report(*sick, came=(T - HOUR, T)).incidents() == []
    assert spans(report(*sick[:3], came=(T - HOUR, T + 1800)).incidents()) == [(BROKEN, 0, 3, 1.0)]
    healthy = [replace(frame, partition=1, entities=(ZONG,)) for frame in feed(*[(1.0, np.nan)] * 3)]
    assert spans(report(*sick[:6], *healthy, came=(T, T + HOUR)).incidents()) == [(BROKEN, 3, 6, 1.0)]


@pytest.mark.parametrize(("bins", "found"), [(7, [FEW_SOURCES]), (6, [])])
def test_a_signal_that_netvigil_counts_has_too_few_sources_after_longer_than_an_hour(
    bins: int, found: list[str]
) -> None:
    made = report(*feed(*[(0.0, np.nan)] * bins))
    assert [one.what for one in made.incidents()] == found


def test_when_an_open_outage_was_last_seen_is_known_where_that_was_not_at_the_end() -> None:
    made = report()
    for end, last in ((T, None), (T - 2 * HOUR, T - 2 * HOUR)):
        left = (Left("a1", SIGNAL, end - 600, end, 0.2),)
        made.take(Progress("", 0, T, ended=True, left=left))
        assert made.last_seen(outage()) == last
