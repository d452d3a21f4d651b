"""Mobile networks that are switched off: their feed counts nothing of them, and goes on counting the others.  And feeds
that count nothing beside and in an outage."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import moments, weighing
from pipeline.records import Entity, Outage
from tests.replay.truth import confirmed
from tests.worlds import HOUR, MONDAY, Played, hours, made_rows, played

MOBILE, FIXED = ("AS59257", "AS45669", "AS24499"), ("AS17557", "AS9541", "AS23674")
FALL = 14 * DAY + 2 * HOUR
STAGGER = (0, 1800, 2700)


def seen(left: float, others: float, first: int = 0) -> Played:
    """For 13 hours so much of the traffic is left, of mobile networks from the ``first`` on and of the others: at once
    where that is as much.  Probes and routes stand."""
    rng, series = np.random.default_rng(1), []
    places = [Entity("asn", name, "PK", mobile=name in MOBILE) for name in (*MOBILE, *FIXED)]
    for signal, width, level in (("traffic.radar", 900, 5000), ("probing.ioda", 600, 2000), ("bgp.ris", 900, 2000)):
        t = hours(16, width)
        day = 1 - (0.3 if signal == "traffic.radar" else 0) * np.cos(2 * np.pi * (t / DAY - 4 / 24))
        mean = level * day[:, None] * np.ones((1, len(places)))
        if signal == "traffic.radar":
            for i, stagger in enumerate((*STAGGER, *STAGGER)):
                own = 1.0 if i < first else left if i < len(MOBILE) else others
                mean[(t >= FALL + stagger * (left != others)) & (t < FALL + 13 * HOUR), i] *= own
        x = np.rint(mean) if signal == "bgp.ris" else rng.poisson(mean).astype(float)
        series.append(made_rows(signal, x, *places, width=width))
    return played(series)


def test_networks_of_which_nothing_is_left_are_out_while_their_feed_counts_others() -> None:
    told = {left: {o.entity: o.confirmed_at or 0 for o in confirmed(seen(left, 1.0).outages)} for left in (0.0, 0.01)}
    assert set(told[0.0]) == {*MOBILE, "PK"}
    assert told[0.0] == told[0.01]
    assert all(told[0.0][name] - MONDAY - FALL - late <= 2 * HOUR for name, late in zip(MOBILE, STAGGER, strict=True))


def test_where_it_counts_none_of_the_country_they_are_not() -> None:
    found = seen(0.0, 0.0)
    assert {outage.entity for outage in found.outages} >= set(MOBILE), "not even suspected: this tests nothing"
    assert not confirmed(found.outages)


def test_one_alone_its_feed_may_have_dropped() -> None:
    found = seen(0.0, 1.0, first=2)
    assert {outage.entity for outage in found.outages} == {MOBILE[2]}, "not even suspected: this tests nothing"
    assert not confirmed(found.outages)


def nothing_counted(signal: str, begin: int, end: int) -> list[Outage]:
    """All lose nine tenths for half a day, and a feed writes 0 from some hours before the fall, or after it, on [s]."""
    t, rng, fall = hours(10, 900), np.random.default_rng(3), 7 * DAY
    share, series = np.where((t >= fall) & (t < fall + 12 * HOUR), 0.08, 1.0), []
    for name, mean in (("bgp.ris", 900), ("probing.ioda", 900), ("traffic.radar", 4000)):
        x = rng.poisson(mean * share).astype(float)
        if name == signal:
            x[(t >= fall + begin) & (t < fall + end)] = 0
        series.append(made_rows(name, x, width=900))
    return played(series).of("PK")


@pytest.mark.parametrize("signal", ["traffic.radar", "probing.ioda"])
@pytest.mark.parametrize("end", [40 * HOUR, 99 * DAY])
def test_a_feed_that_counts_nothing_from_some_hour_of_an_outage_on_holds_it_not(
    signal: str, end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outage,) = nothing_counted(signal, 3 * HOUR, end)
    assert (outage.start, outage.end) == (MONDAY + 7 * DAY, MONDAY + 7 * DAY + 12 * HOUR)
    monkeypatch.setattr(weighing, "counts_nothing", lambda cells, rows, terms, now, out: np.zeros(terms.shape, bool))
    (naive,) = nothing_counted(signal, 3 * HOUR, end)
    assert naive.end is None or naive.end >= MONDAY + 7 * DAY + 40 * HOUR


@pytest.mark.parametrize("signal", ["traffic.radar", "probing.ioda"])
@pytest.mark.parametrize(("left", "mean"), [(0.25, 4000), (0.02, 40), (0.0, 4000)])
def test_what_is_back_hours_after_the_others_holds_it(signal: str, left: float, mean: int) -> None:
    """Nothing of it is counted in some bins, or in any of them."""
    t, rng, fall = hours(10, 900), np.random.default_rng(3), 7 * DAY
    series = []
    for name in ("bgp.ris", "probing.ioda", "traffic.radar"):
        last = name == signal
        out = (t >= fall) & (t < fall + (16 if last else 6) * HOUR)
        x = rng.poisson((mean if last else 3000) * np.where(out, left if last else 0.03, 1.0)).astype(float)
        x[(t == fall + 10 * HOUR) & last] = 0
        series.append(made_rows(name, x, width=900))
    (outage,) = played(series).of("PK")
    assert (outage.start, outage.end) == (MONDAY + fall, MONDAY + fall + 16 * HOUR)


@pytest.mark.parametrize("days", [3, 7])
def test_probes_at_nothing_date_an_outage_in_which_traffic_fell_with_them(days: int) -> None:
    t, rng, fall = hours(10, 900), np.random.default_rng(3), days * DAY
    out, first = (t >= fall) & (t < fall + 12 * HOUR), (t >= fall) & (t < fall + 3 * HOUR)
    shares = {"bgp.ris": out & ~first, "probing.ioda": out, "traffic.radar": out}
    series = [
        made_rows(
            name, rng.poisson(3000 * np.where(lost, 0.5 * (first & (name[0] == "t")), 1.0)).astype(float), width=900
        )
        for name, lost in shares.items()
    ]
    (outage,) = played(series).of("PK")
    assert outage.start == MONDAY + fall


@pytest.mark.parametrize("signal", ["traffic.radar", "probing.ioda"])
@pytest.mark.parametrize("end", [0, 6 * HOUR])
def test_nor_does_one_that_did_before_it_date_it(signal: str, end: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (outage,) = nothing_counted(signal, -3 * HOUR, end)
    assert outage.start == MONDAY + 7 * DAY
    monkeypatch.setattr(moments, "_less_broken", lambda cells, rows, fell: fell)
    (naive,) = nothing_counted(signal, -3 * HOUR, end)
    assert naive.start == MONDAY + 7 * DAY - 3 * HOUR
