"""What is over and not all back is said, as far as anybody knows what is usual."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from detectors.base import DAY
from pipeline.explain.lacking import SPAN, Recent, lacking, not_all_back
from pipeline.records import Left, Run, Term, Verdicts
from pipeline.settings import Fusing
from tests.explain.shown import T, outage
from tests.explain.test_summary import replayed, series
from tests.judge.verdicts import verdicts

RUN, WIDTH = Run("r", "replay", ("traffic.radar",)), 600
BINS = SPAN // WIDTH
OVER = outage("ended", start=T - 6 * 3600, end=T, signals=(Term("traffic.radar", 0.1, -9.0, 9.0, 1.0),))


def showing(*shares: float) -> Verdicts:
    """Traffic from the end of the outage on."""
    bins = verdicts("traffic.radar", "." * len(shares), run=RUN, at=T, width=WIDTH)
    return replace(bins, value=100 * np.array(shares)[:, None])


def recent(*frames: Verdicts) -> Recent:
    found = Recent()
    for frame in frames:
        found.take(frame)
    return found


def test_what_lacks_a_tenth_in_the_last_hours_is_told() -> None:
    (left,) = lacking([OVER], recent(showing(*[0.5] * 6, *[0.84] * BINS)))
    end = T + WIDTH * (6 + BINS)
    assert left == Left(OVER.id, "traffic.radar", end - SPAN, end, 0.84)
    assert lacking([OVER], recent(showing(*[0.91] * BINS))) == []
    (said,) = not_all_back([OVER], [left], {})
    assert said.startswith("Over, and not all back in Pakistan: traffic.radar at 84% of usual, 2024-02-08 ")


def test_however_the_last_hours_are_cut_into_frames_they_are_the_same() -> None:
    whole = showing(*np.linspace(0.4, 0.9, 3 * BINS))
    cuts = [0, 1, 20, 40, 3 * BINS]
    columns = ("start", "common", *Verdicts.COLUMNS)
    parts = [
        replace(whole, **{name: getattr(whole, name)[a:b] for name in dict.fromkeys(columns)})
        for a, b in pairwise(cuts)
    ]
    (one,) = lacking([OVER], recent(whole))
    assert lacking([OVER], recent(*parts)) == [one]
    assert lacking([OVER], recent(*parts, *parts[2:])) == [one], "what comes again changes nothing"


@pytest.mark.parametrize("shares", [(0.5,), (np.nan,) * BINS])
def test_of_one_bin_or_none_nothing_is_said(shares: tuple[float, ...]) -> None:
    assert lacking([OVER], recent(showing(*shares))) == []


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        ({}, True),
        ({"state": "confirmed", "end": None}, False),
        ({"start": T - Fusing.used_to}, False),
        ({"end": T - DAY}, False),
        ({"entity": "IQ"}, False),
        ({"signals": (Term("bgp.ris", 0.1, -9.0, 9.0, 1.0), Term("traffic.radar", 0.9, -9.0, -2.0, 1.0))}, False),
    ],
)
def test_it_is_told_of_what_ended_within_a_day_and_lasted_no_week(changed: dict[str, object], known: bool) -> None:
    own = {"state": "ended", "start": OVER.start, "end": OVER.end, "signals": OVER.signals} | changed
    state = str(own.pop("state"))
    assert bool(lacking([outage(state, **own)], recent(showing(*[0.8] * BINS)))) is known  # type: ignore[arg-type]


def test_a_replay_says_it_below_its_headline_and_to_programs(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    loud = series(120, low=range(8, 20), left=5).splitlines()
    values = 3000 * np.array([int(row.rpartition(",")[2]) for row in loud]) / 100 * rng.normal(1, 0.08, len(loud))
    values[-48:] *= 0.85
    table = "".join(f"{row.rpartition(',')[0]},{v:.0f}\n" for row, v in zip(loud, values, strict=True))
    said = replayed(tmp_path, table)
    assert "None of these is still out" in said
    assert "Over, and not all back in Pakistan: probes (probing.ioda) at 8" in said
    (left,) = json.loads(replayed(tmp_path, table, 0, "--json"))["lacking"]
    assert left["ratio"] == pytest.approx(0.85, abs=0.03)
