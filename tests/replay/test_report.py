"""The report of a replay: what it takes from the stream of outputs, and what follows from that."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from detectors.base import DAY, UNKNOWN
from pipeline.fusion import Fused
from pipeline.records import Entity, Left, Run, Term, Verdicts
from pipeline.replay.coverage import Observed, Stretch
from pipeline.replay.report import (
    BROKEN,
    FEW_SOURCES,
    LAST_HOURS,
    MOVED,
    STUCK,
    Incident,
    ReplayReport,
    Unjudged,
)  # fmt: skip
from pipeline.settings import Settings
from tests.explain.shown import PK, ZONG, T, outage, verdicts

HOUR = 3600
SIGNAL = "probing.ioda"


def report(*frames: Verdicts, observed: tuple[int, int] | None = None) -> ReplayReport:
    """What a replay knows that led to these frames, of rows that were observed in a time [s]."""
    rows = {(SIGNAL, "country", "PK"): [Stretch(*observed, 600, HOUR)]} if observed else {}
    made = ReplayReport(Run(), Observed(rows))
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


def test_bins_side_by_side_are_one_move_and_a_move_of_a_sick_feed_is_a_broken_feed() -> None:
    moved = report(*feed(*((1.0, share) for share in (1.0, 0.98, 0.95, 1.0, 1.02, 0.97))), observed=(T, T + HOUR))
    assert spans(moved.incidents()) == [(MOVED, 1, 3, 0.95), (MOVED, 4, 5, 1.02), (MOVED, 5, 6, 0.97)]
    bins = ((1.0, 1.0), (1.0, 0.95), (0.0, 0.5), (0.0, 0.4), (0.0, 1.0), (0.0, 2.0))
    assert spans(report(*feed(*bins), observed=(T, T + HOUR)).incidents()) == [
        (MOVED, 1, 2, 0.95), (BROKEN, 2, 4, 0.4), (STUCK, 4, 5, 1.0), (BROKEN, 5, 6, 2.0),
    ]  # fmt: skip


def test_a_feed_is_stuck_only_where_rows_came_and_no_partition_was_healthy() -> None:
    sick = feed(*[(0.0, np.nan)] * 20)
    assert report(*sick, observed=(T - HOUR, T)).incidents() == []
    assert spans(report(*sick, observed=(T - HOUR, T + 1800)).incidents()) == [(STUCK, 0, 3, 1.0)]
    healthy = [replace(frame, partition=1, entities=(ZONG,)) for frame in feed(*[(1.0, np.nan)] * 3)]
    assert spans(report(*sick[:6], *healthy, observed=(T, T + HOUR)).incidents()) == [(STUCK, 3, 6, 1.0)]


@pytest.mark.parametrize(("bins", "found"), [(7, [FEW_SOURCES]), (6, [])])
def test_a_signal_that_netvigil_counts_has_too_few_sources_after_longer_than_a_hole(
    bins: int, found: list[str]
) -> None:
    made = report(*feed(*[(0.0, np.nan)] * bins))
    made.observed = Observed({(SIGNAL, "", ""): [Stretch(T, T + 9 * HOUR, 300, HOUR)]})
    assert [one.what for one in made.incidents()] == found


def judged(
    i: int, silent: tuple[Entity, ...] = (), entities: tuple[Entity, ...] = (PK,), **changed: object
) -> Verdicts:
    """One bin, of which nothing is said of the ``silent``."""
    made = verdicts(entities, at=T + 600 * i)
    state = np.where([[entity in silent for entity in entities]], np.int8(UNKNOWN), made.state)
    return replace(made, state=state, **changed)  # type: ignore[arg-type]


def joined(frames: list[Verdicts]) -> Verdicts:
    """One frame of all these bins."""
    columns = {
        field.name: np.concatenate([getattr(frame, field.name) for frame in frames])
        for field in fields(frames[0]) if isinstance(getattr(frames[0], field.name), np.ndarray)
    }  # fmt: skip
    return replace(frames[-1], **columns)


@pytest.mark.parametrize(("times", "found"), [(2, []), (1, [Unjudged(SIGNAL, "country", "PK")])])
def test_a_series_that_is_judged_in_less_than_a_tenth_of_its_bins_is_reported(
    times: int, found: list[Unjudged]
) -> None:
    frames = [judged(i, () if i < times else (PK,)) for i in range(20)]
    assert report(*frames, frames[0]).unjudged() == found


@pytest.mark.parametrize("length", [1, 40, 800])
@pytest.mark.parametrize("bins", [143, 144])
def test_a_series_that_is_not_judged_for_a_day_is_reported_with_the_time(bins: int, length: int) -> None:
    frames = [judged(i, (PK,) if 400 <= i < 400 + bins else ()) for i in range(800)]
    found = report(*(joined(frames[at : at + length]) for at in range(0, 800, length))).unjudged()
    assert found == [Unjudged(SIGNAL, "country", "PK", T + 600 * 400, T + 600 * 544)] * (bins == 144)


WIDTH = 600
BINS = LAST_HOURS // WIDTH
OVER = outage("ended", start=T - 6 * HOUR, end=T, signals=(Term(SIGNAL, 0.1, -9.0, 9.0, 1.0),))


def showing(*shares: float) -> list[Verdicts]:
    """Probing from the end of the outage on."""
    return [verdicts((PK,), 100 * share, at=T + WIDTH * i) for i, share in enumerate(shares)]


def lacking(frames: list[Verdicts], **changed: object) -> list[Left]:
    made = report(*frames)
    own = {"state": "ended", "start": OVER.start, "end": OVER.end, "signals": OVER.signals} | changed
    made.take(outage(str(own.pop("state")), **own))  # type: ignore[arg-type]
    return made.lacking(Settings())


def test_what_lacks_a_tenth_in_the_last_hours_is_reported_however_they_are_cut_into_frames() -> None:
    frames = showing(*[0.5] * 6, *[0.84] * BINS)
    end = T + WIDTH * (6 + BINS)
    assert lacking(frames) == [Left(OVER.id, SIGNAL, end - LAST_HOURS, end, 0.84)]
    cuts = [joined(frames[a:b]) for a, b in pairwise([0, 1, 20, len(frames)])]
    assert lacking([*cuts, *cuts[1:]]) == lacking(frames)
    for shares in ([0.91] * BINS, [0.5], [np.nan] * BINS):
        assert lacking(showing(*shares)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "confirmed", "end": None}, {"start": T - 28 * DAY}, {"end": T - DAY}, {"entity": "IQ"},
        {"signals": (Term("bgp.ris", 0.1, -9.0, 9.0, 1.0), Term(SIGNAL, 0.9, -9.0, -2.0, 1.0))},
    ],
)  # fmt: skip
def test_nothing_is_lacking_of_what_goes_on_lasted_a_week_ended_long_ago_or_was_not_shown(
    changed: dict[str, object],
) -> None:
    assert lacking(showing(*[0.8] * BINS), **changed) == []
