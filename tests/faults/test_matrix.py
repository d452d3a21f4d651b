"""Every fault over every kind of feed: no outage is made up, every record is counted, and where we are blind it shows.

Then the same faults in the middle of a real outage: it is found, no fault ends it, and its neighbours are calm.
"""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pipeline.signals
from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN
from pipeline.feeds import recordings
from pipeline.fusion.life import CONFIRMED, ENDED
from pipeline.records import Rows
from pipeline.settings import Settings
from tests.faults import faults as f
from tests.faults import streams
from tests.faults.streams import BEGIN, FAULT, HOUR, OUT, PEERS, Found, Line
from tests.replay.truth import confirmed

HALF, ONE, TWO = PEERS[::2], f.at("rrc01"), f.at("rrc02", "rrc03")
END = BEGIN + streams.HOURS * HOUR


class Case(NamedTuple):
    """A fault, and what must come of it.

    ``sees``: the share of healthy sources is never less than this from the fault on [0-1], or for at most ``blind``
    bins, None where nothing is observed from within so many bins on, until the end; ``late`` and ``dead``: whether
    records come too late, and cannot be used.  ``end``: whether the end of a real outage is told, which a
    signal holds open that is no longer observed.  ``only``: the one place that it is about, '' all of them.
    """

    name: str
    fault: f.OfLines | f.OfFrames
    sees: float | None = 1.0
    blind: int = 0
    late: bool = False
    dead: bool = False
    end: bool = True
    only: str = ""


ROUTES = (
    Case("nothing", f.nothing),
    Case("half of the sessions reset", f.reset, sees=0.5),
    Case("a collector lost, unannounced", f.lost(*ONE, is_told=False), sees=2 / 3),
    Case("half of the peers lost", f.lost(*HALF), sees=0.5),
    Case("two collectors of three lost", f.lost(*TWO), sees=None, end=False),
    Case("half an hour of silence", f.silenced, blind=6),
    Case("frozen", f.stuck, sees=None, blind=12, end=False),
    Case("duplicates", f.twice),
    Case("reorder", f.shuffled),
    Case("corruption", f.damaged, dead=True),
    Case("a collector 3 h ahead", f.skewed(3 * HOUR, *ONE), sees=2 / 3, dead=True),
    Case("a collector 37 min behind", f.skewed(-37 * 60, *ONE), late=True),
    Case("a collector 3 h behind", f.skewed(-3 * HOUR, *ONE), sees=2 / 3, late=True),
    Case("all an hour ahead", f.skewed(HOUR, *PEERS), blind=12),
    Case("stamps of two days ahead", f.astray, dead=True),
    Case("burst", f.burst),
)
SERIES = (
    Case("nothing", f.nothing),
    Case("a source lost", f.of_rows("traffic.radar", f.gone), sees=None, end=False),
    Case("a prober loses a site, and counts all seven percent lower", f.of_rows("traffic.radar", f.times(0.93))),
    Case("a source that counts half of all", f.of_rows("traffic.radar", f.times(0.5)), sees=None, end=False),
    Case("a source that says zero of all", f.of_rows("traffic.radar", f.times(0)), sees=None, end=False),
    Case("the feed dead for half an hour", f.dead, blind=2),
    Case("half an hour missing", f.of_rows("", f.paused), blind=2),
    Case("one signal frozen", f.frozen("traffic.radar"), sees=None, blind=6, end=False),
    Case("one country frozen", f.frozen("traffic.radar", only="PK"), sees=None, blind=8, end=False, only="PK"),
    Case("all frozen", f.frozen(""), sees=None, blind=6, end=False),
    Case("duplicates", f.repeated, late=True),
    Case("reorder of partitions", f.reordered),
    Case("rows that come last first", f.backwards),
    Case("37 min ahead", f.of_rows("traffic.radar", f.ahead(37 * 60)), blind=3),
    Case("3 h ahead", f.of_rows("traffic.radar", f.ahead(3 * HOUR)), blind=12, end=False),
    Case("all an hour ahead", f.of_rows("", f.ahead(HOUR)), blind=4),
    Case("37 min behind", f.of_rows("traffic.radar", f.ahead(-37 * 60)), sees=0.0, late=True),
    Case("a stamp of two days ahead", f.of_rows("traffic.radar", f.one_ahead), blind=1),
    Case("a flood of ten times as much", f.of_rows("traffic.radar", f.times(10, f.HOUR)), blind=4),
    Case("ten times the rows", f.ten_times),
)


@pytest.fixture(autouse=True)
def _places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: streams.PLACES)


@cache
def lines(is_out: bool) -> list[Line]:
    return streams.routes(is_out=is_out)


FROZEN = {
    "series: one country frozen": "a single series that is frozen is not found",
    "series: a source that counts half of all": "what is half is called normal, not unknown, though no outage",
}
UNSURE = dict.fromkeys(
    (
        "series: a source lost",
        "series: a source that counts half of all",
        "series: a source that says zero of all",
        "series: one signal frozen",
    ),
    "the signals that are still seen came back, so that it is recovering",
)
"""Faults of which the model does not keep what was promised, and how."""


def every(missed: dict[str, str]) -> list[Any]:
    """Each fault; it is expected to fail where it is one of these."""
    return [
        pytest.param(kind, case, id=name, marks=[pytest.mark.xfail(reason=missed[name])] if name in missed else [])
        for kind, cases in (("routes", ROUTES), ("series", SERIES))
        for case in cases
        for name in [f"{kind}: {case.name}"]
    ]


def counted(found: Found, case: Case) -> None:
    """Every record that came was binned, late, or a dead letter: once."""
    result = found.result
    assert result.used + result.late + len(result.dead) == found.read
    assert (result.late > 0, len(result.dead) > 0) == (case.late, case.dead)


def shown(found: Found, case: Case, signal: str, *places: str) -> None:
    """No place is low, and where a signal is not observed well enough its health says so: the blind alert reads it."""
    for place in places:
        states, health = zip(*found.seen(signal, place, FAULT, END), strict=True)
        assert not {LOW_PROVISIONAL, LOW_CONFIRMED} & set(states)
        if case.only not in ("", place):
            assert min(health) == 1
        elif case.sees is None:
            assert set(states[case.blind :]) == {UNKNOWN}
            assert max(health[case.blind :]) < 0.5
        else:
            assert sum(share < case.sees - 0.01 for share in health) <= case.blind, Counter(health)
            assert all((share < 0.5) == (state == UNKNOWN) for state, share in zip(states, health, strict=True))


def played(kind: str, case: Case, is_out: bool) -> Found:
    if kind == "routes":
        return streams.play_lines(case.fault(lines(is_out)))  # type: ignore[arg-type]
    return streams.play_frames(streams.series(is_out=is_out), case.fault)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "case"), every(FROZEN))
def test_a_fault_on_a_calm_day_is_no_outage(kind: str, case: Case) -> None:
    found = played(kind, case, is_out=False)
    assert found.told == [], "not even a suspicion"
    counted(found, case)
    shown(found, case, *(("bgp.ris", "AA", "BB", "CC") if kind == "routes" else ("traffic.radar", "PK", "IQ")))


@pytest.mark.parametrize(("kind", "case"), every(UNSURE))
def test_a_fault_in_an_outage_neither_hides_nor_ends_it_nor_makes_one_elsewhere(kind: str, case: Case) -> None:
    found = played(kind, case, is_out=True)
    counted(found, case)
    real = confirmed(found.result.sorted())
    wanted = {"routes": {"BB", "AS64497"}, "series": {"PK"}}[kind]
    assert {outage.entity for outage in found.result.sorted()} == wanted, "not even a suspicion of others"
    assert {outage.entity for outage in real} == wanted, found.told
    assert len(real) == len(wanted), "it stays one"
    for outage in real:
        assert abs(outage.start - OUT[0]) <= 900
        if case.end:
            assert outage.state == ENDED
            assert outage.end is not None
            assert -900 <= outage.end - OUT[1] <= case.blind * 900 + 900
        else:
            assert outage.state == CONFIRMED


def test_rows_that_cannot_be_read_are_counted_and_nothing_else_happens(tmp_path: Path) -> None:
    text = streams.table(streams.series())
    head, *rows = text.splitlines()
    hurt = slice(1250, None, 20)
    rows[hurt] = [row[: len(row) // 2] for row in rows[hurt]]
    (tmp_path / "signals.csv").write_text("\n".join([head, *rows]) + "\n")
    (recording,) = recordings([str(tmp_path / "signals.csv")])
    found = streams.played(recording, Settings())
    assert found.told == []
    assert len(found.result.dead) == len(rows[hurt])
    assert found.result.used + len(found.result.dead) == found.read == len(rows)
    assert sum(len(given) for given in streams.series() if isinstance(given, Rows)) == len(rows)
