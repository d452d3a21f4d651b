"""A recording that ends anywhere says what was known then."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.codec import iso, seconds
from pipeline.explain.terminal import marks
from pipeline.feeds import recordings
from pipeline.fusion.life import PRIOR, RECOVERING
from pipeline.records import Entity, Outage, Rows, Run
from pipeline.replay.reconstruction import reconstruct
from pipeline.replay.report import MOVED, ReplayReport
from tests.replay.cuts import Cut, Cutting, ends
from tests.replay.runners import in_memory
from tests.replay.tapes import BEGIN, pieces

FIRST, LAST = seconds("2024-02-08T01:50:00Z"), seconds("2024-02-08T15:30:00Z")
WIDEST = 900
"""Widest bin of the demo [s]: a cut has bins that end so long after it."""


def stood(outage: Outage) -> set[str]:
    return {term.signal for term in outage.signals if term.weight <= 0 and term.signal != PRIOR}


@pytest.mark.xfail(reason="at 01:55 a suspicion of the country is known that the whole never tells, and two like it")
def test_the_demo_cut_at_any_five_minutes_says_what_was_known_then() -> None:
    series = [rows.take((rows.time >= FIRST - 9 * DAY) & (rows.time <= LAST + WIDEST)) for rows in reconstruct(0).rows]
    cuts = list(Cutting(series, range(FIRST, LAST + 1, 300)).cuts())
    assert len(cuts) == 165
    wrong = [said for cut in cuts for said in cut.wrong()]
    for cut in cuts:
        for outage in cut.report.outages.values():
            if not any(stood(other) <= stood(outage) for other in cut.then if other.id == outage.id):
                wrong.append(f"{iso(cut.time)} {outage.entity}: {stood(outage)} stood")
            is_over = outage.state == RECOVERING  # its end may move yet, and is not exactly known
            if (any(marks(outage)) and not is_over) or cut.report.last_seen(outage) is not None:
                wrong.append(f"{iso(cut.time)} {outage.entity} was not observed")
        if cut.report.silences() or any(one.what != MOVED for one in cut.report.incidents()):
            wrong.append(f"{iso(cut.time)}: {cut.report.silences()} {cut.report.incidents()}")
    assert not wrong


def test_a_cut_that_says_more_or_less_than_the_whole_is_wrong() -> None:
    sure = Outage("1", "country", "PK", "confirmed", "blackout", "replay", 0, None, 300, 600, 0.99, 0.9, (), 2)
    doubted = msgspec.structs.replace(sure, state="suspected", confirmed_at=None, revision=1)

    def wrong(said: list[Outage], then: list[Outage], before: set[str]) -> list[str]:
        return list(Cut(900, ReplayReport(Run(), outages={o.id: o for o in said}), then, before).wrong())

    assert wrong([sure], [doubted, sure], {"1"}) == []
    assert wrong([doubted], [sure], {"1"}) == []
    assert "says nothing of {'1'}" in wrong([], [sure], {"1"})[0]
    assert "is suspected, which the whole had not published" in wrong([doubted], [], set())[0]
    assert "is confirmed, which the whole had not published" in wrong([sure], [doubted], set())[0]
    assert "is blackout" in wrong([sure], [msgspec.structs.replace(sure, kind="stealth")], set())[0]


@pytest.mark.parametrize("case", ["louisiana-2020-laura", "myanmar-2021-coup", "venezuela-2019-blackout"])
def test_a_case_cut_at_the_end_of_any_third_bin_says_what_was_known_then(data: Path, case: str) -> None:
    (own,) = recordings([str(data / "signals" / case)])
    series = [rows for rows in own.items if isinstance(rows, Rows)]
    cuts = list(Cutting(series, ends(series)[::3]).cuts())
    assert any(cut.report.outages for cut in cuts)
    assert [said for cut in cuts for said in cut.wrong()] == []


def given(signal: str, width: int, until: int, low: tuple[int, float] = (0, 1.0)) -> Rows:
    """A series of PK up to a time since `BEGIN` [s], of which this share is left from ``low`` on; made by hand."""
    at = np.arange(0, until, width)
    usual = np.random.default_rng(width).poisson(10_000, len(at))
    value = np.round(usual * np.where(at >= low[0], low[1], 1)) if low[0] else usual.astype(float)
    country = (Entity("country", "PK", "PK"),)
    return Rows(Run(), "table", 0, signal, width, (), 0, country, BEGIN + at, np.zeros(len(at), np.int32), value)


@pytest.mark.parametrize("routes_end", [300, 3600])
def test_what_narrow_bins_said_counts_to_the_end_of_wide_ones(routes_end: int) -> None:
    """Traffic in bins of three hours, routes in those of five minutes, to so long after the last wide bin began."""
    last = 4 * DAY + 6 * 3600
    traffic = [given(name, 3 * 3600, last + 1, (4 * DAY, 0.02)) for name in ("traffic.radar", "probing.ioda")]
    (outage,) = in_memory(pieces([*traffic, given("bgp.ris", 300, last + routes_end)], DAY)).sorted()
    assert outage.kind == "stealth"
    assert "bgp.ris" in stood(outage)
