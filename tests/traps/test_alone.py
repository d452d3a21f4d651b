"""What one kind of signals shows alone, while another stands that would show it too, is no outage that is sure."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import alone, holding, weighing
from pipeline.records import Entity, Outage
from tests.worlds import HOUR, MONDAY, Played, hours, made_rows, played

FALL = 14 * DAY + 9 * HOUR
APART = 3 * HOUR
"""What happens to one country begins so long after what happens to the one before [s]: at once it would be a feed's."""

CODES = ("PK", "IQ", "MM", "KE", "GH", "TZ", "UG", "SN", "ML", "TD", "PE", "EC", "KH", "NP", "LK", "MZ")
WIDTHS = {"bgp.ris": 900, "probing.ioda": 600, "traffic.radar": 900}


class Fall(NamedTuple):
    """What is left of a signal, NaN where its rows are missing, for so long ``lasts``, from so long ``begin`` after the
    country's hour on [s]."""

    left: float
    lasts: int
    begin: int = 0


Falls = Mapping[str, Fall | Sequence[Fall]]


def seen(
    falls: Sequence[Falls], widths: Mapping[str, int] = WIDTHS, days: int = 18, apart: int = APART,
    traffic: float = 20_000.0,
) -> Played:  # fmt: skip
    """Signals of these widths [s] of several countries, to each of which something happens; ``traffic``: mean of it."""
    rng, series = np.random.default_rng(3), []
    for signal, width in widths.items():
        t = hours(days, width)
        level = traffic if signal.startswith("traffic") else 20_000.0
        day = 1 - (0 if signal == "bgp.ris" or width >= DAY else 0.3) * np.cos(2 * np.pi * (t / DAY - 4 / 24))
        columns = []
        for i, own in enumerate(falls):
            fall, mean, missing = own.get(signal, ()), level * day, np.zeros(len(t), bool)
            for left, lasts, begin in [fall] if isinstance(fall, Fall) else fall:
                first = FALL + i * apart + begin
                inside = np.clip((np.minimum(t + width, first + lasts) - np.maximum(t, first)) / width, 0, 1)
                missing |= np.isnan(left) & (inside > 0)
                mean = mean * (1 - (1 - np.nan_to_num(left)) * inside)
            x = (np.rint(mean) if signal == "bgp.ris" else rng.poisson(mean)).astype(float)
            columns.append(np.where(missing, np.nan, x))
        places = [Entity("country", code, code) for code in CODES[: len(falls)]]
        series.append(made_rows(signal, np.stack(columns, axis=1), *places, width=width))
    return played(series)


def late(outage: Outage, place: int = 0) -> int:
    """How long after the country's hour it is confirmed [s]."""
    return (outage.confirmed_at or 0) - MONDAY - FALL - place * APART


def sure(found: Played) -> list[str]:
    """Who is called out."""
    return [code for code in CODES if found.of(code)]


GLITCHES = [
    {"probing.ioda": Fall(0.5, 600), "bgp.ris": Fall(0.985, 3 * HOUR)},
    {"probing.ioda": Fall(0.65, 600), "bgp.ris": Fall(0.985, 3 * HOUR)},
    {"probing.ioda": Fall(0.3, 1800), "bgp.ris": Fall(0.985, 3 * HOUR)},
    {"probing.ioda": Fall(0.6, 6 * HOUR), "bgp.ris": Fall(0.985, 3 * HOUR)},
]
"""A prober that stumbles, or measures otherwise, while routes are a little below their usual."""

MISSING = [(), Fall(np.nan, 900), Fall(np.nan, 900, 900), Fall(np.nan, 900, -900)]
"""And when a row of traffic is missing."""


def test_probes_that_fall_while_traffic_stands_are_none() -> None:
    found = seen([{**glitch, "traffic.radar": missing} for glitch, missing in product(GLITCHES, MISSING)])
    assert {outage.entity for outage in found.outages} == set(CODES), "not even suspected: this tests nothing"
    assert sure(found) == []


def test_they_were_when_a_hundredth_of_the_routes_was_a_second_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "alone", lambda cells, rows, terms, now, joins: np.zeros(len(rows), bool))
    assert sure(seen(GLITCHES)) == list(CODES[:4])


def test_two_kinds_that_fall_are_one_at_once() -> None:
    (outage,) = seen([{"probing.ioda": Fall(0.5, HOUR), "traffic.radar": Fall(0.5, HOUR)}]).of("PK")
    assert late(outage) <= 1200


def test_what_a_slower_signal_said_before_the_fall_is_waited_for_half_an_hour() -> None:
    """Probes go at nine; of traffic the bin from six to nine was well, and the next one is known at noon."""
    dark = {"probing.ioda": Fall(0.02, 6 * HOUR), "traffic.radar": Fall(0.1, 6 * HOUR)}
    (outage,) = seen([dark], {"probing.ioda": 600, "traffic.radar": 3 * HOUR}).of("PK")
    assert HOUR / 2 <= late(outage) <= HOUR


def test_a_feed_that_counts_nothing_is_no_country_that_is_dark_however_long() -> None:
    """Most of them are back in the midst of a bin."""
    dark = [{"traffic.radar": Fall(0.0, 60 * lasts)} for lasts in (75, 100, 120, 133, 160, 310, 710, 1500)]
    found = seen([*dark, {"traffic.radar": Fall(0.02, 2 * HOUR)}])
    assert {outage.entity for outage in found.outages} == set(CODES[:9]), "not even suspected: this tests nothing"
    assert sure(found) == [CODES[8]]


@pytest.mark.parametrize("hours", [3, 6, 24])
def test_one_row_of_a_table_of_hours_is_no_outage_of_who_stands(hours: int) -> None:
    widths = {"bgp.ris": HOUR, "probing.ioda": HOUR, "traffic.google": hours * HOUR}
    lasts, begin = hours * HOUR, 0 if hours == 3 else -9 * HOUR  # on their grid
    falls = [{"traffic.google": Fall(left, n * lasts, begin)} for left in (0.0, 0.2) for n in (1, 2)]
    found = seen(falls, widths, days=30, apart=4 * DAY)
    assert sure(found) == [CODES[3]]


@pytest.mark.parametrize("pair", [("probing.ioda", "probing.x"), ("traffic.radar", "traffic.google")])
def test_who_measures_the_same_and_sees_all_is_heard(pair: tuple[str, str]) -> None:
    assert sure(seen([{pair[0]: Fall(0.5, 900)}], dict.fromkeys(pair, 900))) == []


@pytest.mark.parametrize("routes", [{"bgp.ris": 900}, {}], ids=["routes stand", "no routes"])
def test_a_stumble_of_a_prober_makes_no_outage_of_a_feast(routes: dict[str, int]) -> None:
    """A third of the traffic is missing for a day, and hours later ten minutes of half of the probes."""
    feast, dark = Fall(0.68, 30 * HOUR), 3 * HOUR
    found = seen([
        {"traffic.radar": feast, "probing.ioda": Fall(0.5, 600, 3 * HOUR)},
        {"traffic.radar": feast, "probing.ioda": Fall(0.5, dark, 3 * HOUR)},
        {"traffic.radar": feast, "probing.ioda": Fall(0.88, 600, 3 * HOUR)},
        {"traffic.radar": feast, "probing.ioda": Fall(0.5, 600, 3 * HOUR + 300)},
        {"probing.ioda": Fall(0.5, 6 * HOUR), "traffic.radar": Fall(0.88, 900, HOUR)},
    ], routes | {"probing.ioda": 600, "traffic.radar": 900})  # fmt: skip
    assert {outage.entity for outage in found.outages} == set(CODES[:5]), "not even suspected: this tests nothing"
    assert sure(found) == [CODES[1]]
    (outage,) = found.of(CODES[1])
    assert late(outage, 1) - 3 * HOUR == 1800, "once it is no stumble"


def test_nor_does_one_of_an_hour_or_two_in_which_no_half_is_lost() -> None:
    """What has lost a fifth beside the feast for three hours is believed."""
    feast = Fall(0.7, 30 * HOUR)
    falls = [(0.85, 1), (0.8, 1), (0.85, 2), (0.6, 0.5), (0.8, 5)]
    found = seen([{"traffic.radar": feast, "probing.ioda": Fall(p, int(h * HOUR), 3 * HOUR)} for p, h in falls])
    assert {outage.entity for outage in found.outages} == set(CODES[:5]), "not even suspected: this tests nothing"
    assert sure(found) == [CODES[4]]
    (outage,) = found.of(CODES[4])
    assert late(outage, 4) - 3 * HOUR == 3 * HOUR


def test_two_kinds_that_fall_together_join_nobody_in_late() -> None:
    """Two hours before, stray packets were a third fewer."""
    widths, dark = {"telescope.ioda": 300, "probing.ioda": HOUR, "traffic.radar": HOUR}, Fall(0.1, 5 * HOUR)
    both = {"probing.ioda": dark, "traffic.radar": dark}
    found = seen([both, {**both, "telescope.ioda": Fall(0.7, 7 * HOUR, -2 * HOUR)}], widths)
    assert [late(outage, i) for i in range(2) for outage in found.of(CODES[i])] == [HOUR] * 2


def test_who_joins_in_late_and_is_seen_no_more_is_a_witness_all_the_same() -> None:
    """A prober that loses a country after one row of it."""
    once = [Fall(0.02, 600, HOUR), Fall(np.nan, 2 * DAY, HOUR + 600)]
    (outage,) = seen([{"traffic.radar": Fall(0.6, 2 * DAY), "probing.ioda": once}]).of("PK")
    assert HOUR < late(outage) <= 2 * HOUR


def test_a_feed_that_falls_silent_makes_no_outage_of_a_feast() -> None:
    """Probes are missing for a while, for all or for this country, or for good after one low row."""
    feast, from_then = Fall(0.68, 30 * HOUR), 3 * HOUR + 600
    found = seen([
        *({"traffic.radar": feast, "probing.ioda": Fall(np.nan, lasts, from_then)} for lasts in (1200, 1800, 3600)),
        {"traffic.radar": feast, "probing.ioda": [Fall(0.88, 600, 3 * HOUR), Fall(np.nan, 3600, from_then)]},
        {"traffic.radar": feast, "probing.ioda": [Fall(0.88, 600, 3 * HOUR), Fall(np.nan, 2 * DAY, from_then)]},
        {"traffic.radar": feast, "probing.ioda": Fall(np.nan, 12 * HOUR, from_then)},
    ])  # fmt: skip
    assert {outage.entity for outage in found.outages} == set(CODES[:6]), "not even suspected: this tests nothing"
    assert sure(found) == []


def test_a_prober_that_falls_silent_takes_no_outage_away() -> None:
    """It answers for half an hour, and then its rows are missing; or for a row or two, as edges of bins have it."""
    lost, silent = (0.1, 0.2, 0.5), Fall(np.nan, 2 * DAY, 1800)
    found = seen([
        *({"traffic.radar": Fall(left, 12 * HOUR), "probing.ioda": silent} for left in lost),
        *({"traffic.radar": Fall(left, 2 * HOUR), "probing.ioda": Fall(np.nan, DAY, 1200)} for left in (0.3, 0.6)),
    ])  # fmt: skip
    assert sure(found) == list(CODES[:5])
    assert [late(outage, i) <= 4 * HOUR for i in range(5) for outage in found.of(CODES[i])] == [True] * 5


def test_a_prober_that_vanishes_with_the_country_has_not_stood_in_it() -> None:
    """Hourly traffic, cut in the midst of an hour: of that hour the prober has still had a row or three."""
    widths = {"bgp.ris": 900, "probing.ioda": 600, "traffic.radar": HOUR}
    cuts = [(left, minutes * 60) for left in (0.05, 0.3) for minutes in (20, 40)]
    falls = [
        {"traffic.radar": Fall(left, 3 * HOUR, cut), "probing.ioda": Fall(np.nan, 3 * HOUR, cut)} for left, cut in cuts
    ]
    found = seen(falls, widths)
    assert sure(found) == list(CODES[:4])
    assert max(late(outage, i) for i in range(4) for outage in found.of(CODES[i])) <= 3 * HOUR


def quiet_week() -> Played:
    """For days traffic has been a twelfth lower, as in school holidays, but not at this hour; then others fall."""
    sag, two = Fall(0.92, 6 * DAY, 7 * DAY), Fall(0.5, 2 * HOUR, 11 * DAY)
    falls = [{"bgp.ris": two}, {"probing.ioda": two}, {"bgp.ris": two, "probing.ioda": two}]
    return seen([{"traffic.radar": sag, **fall} for fall in falls], days=30, apart=0)


def test_a_season_that_has_begun_is_no_second_witness_of_a_fall() -> None:
    found = quiet_week()
    assert {outage.entity for outage in found.outages} == set(CODES[:3]), "not even suspected: this tests nothing"
    assert sure(found) == [CODES[2]]


def test_it_was_when_what_was_lost_before_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_of_one_time", lambda cells, rows, terms, now, sure: terms)
    said = sure(quiet_week())
    assert said == [CODES[0], CODES[2]], "of probes alone who stands holds it up"


def test_a_wide_signal_that_falls_in_the_same_minute_does_not_join_in_late() -> None:
    """Five hours into a bin of six hours: that one is hardly low, and the next one is known at 18 o'clock."""
    widths = {"bgp.ris": 900, "probing.ioda": 6 * HOUR, "traffic.radar": 900}
    begin = 2 * HOUR
    falls = [{"traffic.radar": Fall(0.62, 40 * HOUR, begin), "probing.ioda": Fall(0.2, 40 * HOUR, begin)}]
    (outage,) = seen(falls, widths, days=24).of("PK")
    assert late(outage) <= 9 * HOUR


def test_a_feed_that_counts_again_shows_whether_it_was_one() -> None:
    """Nothing for five hours, and then a tenth: all of it was a loss."""
    (outage,) = seen([{"traffic.radar": [Fall(0.0, 5 * HOUR), Fall(0.1, 3 * HOUR, 5 * HOUR)]}]).of("PK")
    assert 5 * HOUR < late(outage) <= 6 * HOUR


def test_of_small_counts_some_bins_have_none() -> None:
    (outage,) = seen([{"traffic.radar": Fall(0.02, 12 * HOUR)}], traffic=40.0).of("PK")
    assert late(outage) <= 2.5 * HOUR


BESIDE_HOURS = {"probing.ioda": 600, "traffic.radar": HOUR}


def stumbles() -> Played:
    """Probes alone fall at any minute of an hour, for less than one or for many, while traffic of hours stands."""
    cases = product((0.0, 0.3, 0.5), ((2700, 0), (2700, 2400), (5 * HOUR, 600), (5 * HOUR, 3000)))
    return seen([{"probing.ioda": Fall(left, lasts, begin)} for left, (lasts, begin) in cases], BESIDE_HOURS)


def test_a_prober_that_stumbles_beside_traffic_of_hours_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = stumbles()
    assert {outage.entity for outage in found.outages} == set(CODES[:12]), "not even suspected: this tests nothing"
    assert sure(found) == []
    monkeypatch.setattr(alone, "SOON", 0)
    assert len(sure(stumbles())) >= 6


@pytest.mark.parametrize("left", [0.05, 0.4])
def test_what_fell_with_that_traffic_is_one_as_soon_as_its_hour_is_known(left: float) -> None:
    both = [dict.fromkeys(BESIDE_HOURS, Fall(left, 5 * HOUR, minutes * 60)) for minutes in (0, 10, 29, 40, 55)]
    found = seen(both, BESIDE_HOURS)
    assert max(late(outage, i) for i in range(5) for outage in found.of(CODES[i])) <= 2.5 * HOUR
    assert sure(found) == list(CODES[:5])
