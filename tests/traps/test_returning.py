"""In a long shutdown sources come back one by one, and some fall silent: neither is the end of it."""

from pathlib import Path

import numpy as np
import pytest

from detectors.seasonal import judged as seasonal_judged
from pipeline.bins import DAY
from pipeline.fusion import evidence, weighing
from pipeline.fusion.cells import Cells
from pipeline.fusion.evidence import Block
from tests.detectors.real import stamp
from tests.worlds import HOUR, MONDAY, Series, between, case, hours, made_rows, noisy, played, where

FALL = 4 * DAY
BACK = {
    "bgp.ris": 6 * HOUR, "bgp.ioda": 7 * HOUR, "telescope.ioda": 9 * HOUR, "atlas.connected": 20 * HOUR,
    "traffic.google": 2 * DAY, "traffic.radar": 2 * DAY + 5 * HOUR, "probing.ioda": 3 * DAY,
}  # fmt: skip
"""How long after the fall each source is back [s]: routes within hours, what is whitelisted after days."""


def returning() -> Series:
    t = hours(8)
    shares = {signal: np.where((t >= FALL) & (t < FALL + back), 0.08, 1.0) for signal, back in BACK.items()}
    return [made_rows(name, noisy(3000 * share, 0.03, seed)) for seed, (name, share) in enumerate(shares.items())]


def heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source that is back is heard, whatever another one shows."""
    monkeypatch.setattr(weighing, "unreturned", lambda cells, rows, terms: terms)


def test_sources_that_return_one_by_one_do_not_end_it_while_a_better_one_is_on_the_floor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    series = returning()
    (outage,) = played(series).of("PK")
    assert (outage.start, outage.end) == (MONDAY + FALL, MONDAY + FALL + BACK["probing.ioda"])
    heard_at_once(monkeypatch)
    (naive,) = played(series).of("PK")
    assert naive.state == "ended"
    assert (naive.end or 0) <= MONDAY + FALL + 2.5 * DAY, "over, while for half a day more nobody is reached"


def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The witness of an open outage does not keep its word while it says nothing."""
    write = Cells.write

    def plain(self: Cells, bins: list[Block]) -> None:
        write(self, [its._replace(is_open=np.zeros_like(its.is_open)) for its in bins])

    monkeypatch.setattr(Cells, "write", plain)
    monkeypatch.setattr(Cells, "at_plateau", lambda *_: None)


def test_two_hours_in_which_nothing_arrives_do_not_end_the_first_shutdown_of_iraq(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = between(case(data, "iraq-2023-exams"), 0, stamp("2023-08-21T12:00:00Z"))
    begin, end = stamp("2023-08-21T02:00:00Z"), stamp("2023-08-21T04:00:00Z")
    silent = where(day, lambda rows: (rows.time < begin) | (rows.time >= end))
    (whole,), (outage,) = played(day).of("IQ"), played(silent).of("IQ")
    assert (outage.id, outage.start, outage.end) == (whole.id, whole.start, whole.end)
    forgotten(monkeypatch)
    assert len(played(silent).of("IQ")) > 1


def all_gone(fall: int, lasts: int, dispersion: float, left: float) -> Series:
    """Two kinds of counts of 300 an hour that stray, and that lose nearly all."""
    t, rng = hours(9), np.random.default_rng(3)
    mean = 300 * np.where((t >= fall) & (t < fall + lasts), left, 1.0)
    x = rng.negative_binomial(np.maximum(mean, 1e-9) / (dispersion - 1), 1 / dispersion, (2, len(t))).astype(float)
    return [made_rows(signal, own) for signal, own in zip(("traffic.radar", "probing.ioda"), x, strict=True)]


@pytest.mark.parametrize("dispersion", [10, 14])
@pytest.mark.parametrize("left", [0, 0.05])
def test_counts_that_stray_say_that_all_is_back(
    left: float, dispersion: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    fall, lasts = 5 * DAY + 2 * HOUR, 14 * HOUR
    series = all_gone(fall, lasts, dispersion, left)
    (outage,) = played(series).of("PK")
    assert 0 <= (outage.end or 0) - MONDAY - fall - lasts <= 3 * HOUR
    monkeypatch.setattr(seasonal_judged, "RETURNED", 99.0)
    (naive,) = played(series).of("PK")
    assert (naive.end or 0) > MONDAY + fall + lasts + 6 * HOUR or (left, dispersion) == (0, 10)


@pytest.mark.parametrize("lasts", [10, 14])
@pytest.mark.parametrize("width", [1800, HOUR])
def test_a_cut_after_another_one_of_the_first_day_is_over_when_all_is_back(lasts: int, width: int) -> None:
    """What is expected is learnt of a day of which a part was out, and strays by that."""
    t, rng, fall = hours(4, width), np.random.default_rng(1), 19 * HOUR
    gone = ((t >= 7 * HOUR) & (t < 10 * HOUR)) | ((t >= fall) & (t < fall + lasts * HOUR))
    means = {"traffic.radar": 5000, "probing.ioda": 3000, "bgp.ris": 3000}
    series = [
        made_rows(signal, rng.poisson(mean * np.where(gone, 0.05, 1.0)).astype(float), width=width)
        for signal, mean in means.items()
    ]
    (outage,) = played(series).of("PK")
    assert (outage.start, outage.end) == (MONDAY + fall, MONDAY + fall + lasts * HOUR)


@pytest.mark.parametrize("lags", [4 * DAY, 99 * DAY])
def test_one_that_stays_a_little_low_holds_no_outage_of_which_all_others_are_back(
    lags: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    t, rng, fall = hours(20), np.random.default_rng(4), 6 * DAY
    others = ("bgp.ris", "probing.ioda", "traffic.radar", "atlas.connected", "probing.other", "ooni.web")
    gone = (t >= fall) & (t < fall + 10 * HOUR)
    late = np.where((t >= fall + 10 * HOUR) & (t < fall + 10 * HOUR + lags), 0.6, 1.0)
    series = [
        made_rows(signal, rng.poisson(3000 * np.where(gone, 0.1, share)) / (6000 if signal == "ooni.web" else 1))
        for signal, share in [*((signal, 1.0) for signal in others), ("telescope.ioda", late)]
    ]
    (outage,) = played(series).of("PK")
    assert (outage.start, outage.end) == (MONDAY + fall, MONDAY + fall + 10 * HOUR)
    bounded = evidence.log_odds
    monkeypatch.setattr(weighing, "log_odds", lambda *terms: bounded(*terms[:4]))
    (naive,) = played(series).of("PK")
    assert naive.end is None or naive.end > MONDAY + fall + 3 * DAY
