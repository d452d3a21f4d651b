"""A recording that ends anywhere says what was known then."""

import copy
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from pipeline.bins import DAY, NEVER
from pipeline.codec import iso, seconds
from pipeline.engine import Engine
from pipeline.feeds import Dispatch, chunks
from pipeline.records import Entity, Heartbeat, Outage, Progress, Rows, Run
from pipeline.replay.coverage import Observed
from pipeline.replay.reconstruction import reconstruct
from pipeline.replay.report import ReplayReport
from tests.replay.runners import in_memory
from tests.replay.stages import Stages
from tests.replay.tapes import BEGIN, pieces

FIRST, LAST = seconds("2024-02-08T01:50:00Z"), seconds("2024-02-08T15:30:00Z")
WIDEST = 900
"""Widest bin of the demo [s]: a cut has bins that end so long after it."""


def stood(outage: Outage) -> set[str]:
    return {term.signal for term in outage.signals if term.weight < 0}


def test_the_demo_cut_at_any_five_minutes_says_what_was_known_then() -> None:
    series = [rows.take(rows.time >= FIRST - 9 * DAY) for rows in reconstruct(0).rows]
    run = Run("cut", "replay", tuple(sorted({rows.signal for rows in series})))
    stages, dispatch, observed = Stages(Engine(), "table"), Dispatch(run, "table", run.signals), Observed()
    known: dict[str, Outage] = {}
    fresh: list[Outage] = []
    whole: dict[int, list[Outage]] = defaultdict(list)  # what the whole recording says, by moment
    cuts: dict[int, ReplayReport] = {}
    early = chunks([rows.take(rows.time < FIRST) for rows in series])
    late = chunks([rows.take((rows.time >= FIRST) & (rows.time <= LAST + WIDEST)) for rows in series], 300)
    for frame in dispatch.frames([*early, *late]):
        if isinstance(frame, Heartbeat) and frame.partition == 0 and FIRST <= frame.time <= LAST:
            cuts[frame.time] = report = ReplayReport(run, copy.deepcopy(observed), outages=dict(known))
            for output in stages.copy().steps(replace(dispatch, watermark=NEVER).frames(())):
                report.take(output)
        elif isinstance(frame, Rows):
            observed.take(frame, ())
        for output in stages.steps([frame]):
            if isinstance(output, Outage):
                known[output.id] = output
                fresh.append(output)
            elif isinstance(output, Progress):
                whole[output.watermark] += [*fresh, *known.values()]
                fresh.clear()
    assert len(cuts) == 165
    wrong = []
    for cut, report in cuts.items():
        then = [outage for time, said in whole.items() if cut <= time <= cut + WIDEST for outage in said]
        lost = {outage.id for time, said in whole.items() if time <= cut for outage in said} - report.outages.keys()
        wrong += [f"{iso(cut)} says nothing of {lost}"] if lost else []
        for outage in report.outages.values():
            own = [other for other in then if other.id == outage.id]
            same = [other for other in own if other.kind == outage.kind and other.likeness == outage.likeness]
            # what a wide bin alone suspects may look otherwise beside the narrow ones that end with it
            if outage.confirmed_at is not None and not same:
                wrong.append(f"{iso(cut)} {outage.entity} is {outage.kind}, {outage.likeness}")
            if stood(outage) not in map(stood, own):
                wrong.append(f"{iso(cut)} {outage.entity}: {stood(outage)} stood")
            if report.past.unseen(outage) or report.past.inexact(outage):
                wrong.append(f"{iso(cut)} {outage.entity} was not observed")
        if report.past.observed.gaps() or report.incidents():
            wrong.append(f"{iso(cut)}: {report.past.observed.gaps()} {report.incidents()}")
    assert not wrong


def given(signal: str, width: int, until: int, low: tuple[int, float] = (0, 1.0)) -> Rows:
    """A series of PK up to a time since `BEGIN` [s], of which this share is left from ``low`` on; made by hand."""
    at = np.arange(0, until, width)
    usual = np.random.default_rng(width).poisson(10_000, len(at))
    value = np.round(usual * np.where(at >= low[0], low[1], 1)) if low[0] else usual.astype(float)
    country = (Entity("country", "PK", "PK"),)
    return Rows(Run(), "table", 0, signal, width, (), 0, country, BEGIN + at, np.zeros(len(at), np.int32), value)


@pytest.mark.parametrize(("routes_end", "kind"), [(300, "stealth"), (3600, "stealth"), (-4 * 3600, "unknown")])
def test_what_narrow_bins_said_counts_to_the_end_of_wide_ones_unless_their_feed_was_dead_before(
    routes_end: int, kind: str
) -> None:
    """Traffic in bins of three hours, routes in those of five minutes, to so long after the last wide bin began."""
    last = 4 * DAY + 6 * 3600
    traffic = [given(name, 3 * 3600, last + 1, (4 * DAY, 0.02)) for name in ("traffic.radar", "probing.ioda")]
    (outage,) = in_memory(pieces([*traffic, given("bgp.ris", 300, last + routes_end)], DAY)).sorted()
    assert outage.kind == kind
    assert ("bgp.ris" in stood(outage)) == (kind == "stealth")
