"""What is out in the first day of a series hides no later outage at that time of day, and a night is no outage."""

from pathlib import Path

import numpy as np
import pytest

from detectors.seasonal import first_day, similar
from detectors.seasonal import judged as seasonal_judged
from detectors.seasonal import noise as seasonal_noise
from detectors.seasonal.together import SPANS
from pipeline.bins import DAY
from pipeline.feeds import read_labels
from pipeline.records import Entity, Rows
from tests.worlds import HOUR, MONDAY, PK, between, case, hours, made_rows, played

HALF_HOUR = 1800
BOTH = ("probing.ioda", "traffic.radar")


def days_out(
    first: float, left: float, later: int, at: int = 19, length: int = 4, width: int = HALF_HOUR, **of: object
):
    """Outages [hours after the later day's] of two signals that lose all but a share for some hours of the first day
    and of a later one."""
    t = hours(later + 2, width)
    day = 1 - 0.3 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    begins = [at * HOUR, later * DAY + at * HOUR]
    share = np.ones(len(t))
    for begin, rest in zip(begins, (first, left), strict=True):
        share[(t >= begin) & (t < begin + length * HOUR)] = rest
    rng = np.random.default_rng(1)
    series = [made_rows(signal, rng.poisson(2000 * day * share).astype(float), PK, width=width) for signal in BOTH]
    found = played(series).of("PK")
    return [((o.start - MONDAY - begins[1]) / HOUR, o.end and (o.end - MONDAY - begins[1]) / HOUR) for o in found]


@pytest.mark.parametrize("first", [0.05, 0.15, 0.4])
@pytest.mark.parametrize(("later", "at"), [(3, 19), (21, 19), (21, 10), (45, 19)])
def test_what_was_out_on_the_first_day_is_seen_to_be_out_at_that_time_later(first: float, later: int, at: int) -> None:
    assert days_out(first, 0.1, later, at) == [(0, 4)]


@pytest.mark.parametrize("width", [600, 900, HOUR])
def test_so_it_is_with_other_bins(width: int) -> None:
    assert days_out(0.05, 0.1, 14, width=width) == [(0, 4)]


def test_it_was_hidden_for_ever_when_the_first_day_was_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasonal_noise, "SUDDEN", 0)
    monkeypatch.setattr(similar, "_later", lambda chosen, *given: chosen)
    assert days_out(0.05, 0.1, 21) == []


def test_the_exams_of_iraq_are_found_by_who_begins_a_day_before_them(data: Path) -> None:
    """Nineteen hours of past, and then a shutdown every night: the first is not to be confirmed, all others are."""
    labels = read_labels(data / "signals/iraq-2023-exams/labels.csv")
    series = between(case(data, "iraq-2023-exams"), labels[0].start - 19 * HOUR, labels[-1].end + DAY)
    found = [(o.start, o.end) for o in played(series).of("IQ")]
    assert len(found) == len(labels) - 1
    for (start, end), label in zip(found, labels[1:], strict=True):
        assert -300 <= start - label.start <= 1800
        assert end is not None
        assert -1800 <= end - label.end <= HOUR


def nights(days: float, width: int, night: float, of: float = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Starts of bins [s], and a mean that is highest at 16:00."""
    t = hours(days, width)
    return t, of * (night + (1 - night) * (0.5 - 0.5 * np.cos(2 * np.pi * (t / DAY - 4 / 24))))


def drawn(mean: np.ndarray, begin: int, width: int) -> list[Rows]:
    """Two signals of that mean, from an hour on; NaN where nobody looks."""
    rng = np.random.default_rng(3)
    series = []
    for signal in BOTH:
        x = rng.poisson(np.nan_to_num(mean)).astype(float)
        x[np.isnan(mean) | (hours(len(x) * width / DAY, width) < begin * HOUR)] = np.nan
        series.append(made_rows(signal, x, width=width))
    return series


@pytest.mark.parametrize("width", [600, HALF_HOUR, HOUR])
@pytest.mark.parametrize(("at", "length", "left"), [(23, 0.01, 0.0), (21, 0.01, 0.2), (20, 2, 0.1), (21, 4, 0.05)])
def test_what_falls_at_dusk_of_the_first_day_makes_no_night_an_outage(
    width: int, at: int, length: float, left: float
) -> None:
    t, mean = nights(7, width, 0.3)
    out = (t + width > at * HOUR) & (t < (at + length) * HOUR)
    found = played(drawn(mean * np.where(out, left, 1.0), 8, width)).outages
    assert [o for o in found if o.confirmed_at and o.start >= MONDAY + DAY] == []


@pytest.mark.parametrize("width", [600, HOUR])
@pytest.mark.parametrize(("begin", "night", "busy"), [(0, 0.1, 3), (8, 0.3, 3), (20, 0.4, 2.2)])
def test_a_surge_in_the_second_night_is_not_missed_in_the_next(
    width: int, begin: int, night: float, busy: float
) -> None:
    t, mean = nights(10, width, night)
    surge = np.where((t >= DAY + 23 * HOUR) & (t < 2 * DAY + 3 * HOUR), busy, 1.0)
    assert [o for o in played(drawn(mean * surge, begin, width)).outages if o.confirmed_at] == []


def unseen(width: int, night: float, at: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts of bins [s], and a mean as in `nights` that nobody sees for some hours of the first day."""
    t, mean = nights(4, width, night)
    return t, np.where((t + width > at * HOUR) & (t < (at + length) * HOUR), np.nan, mean)


@pytest.mark.parametrize("width", [300, 900, HALF_HOUR, HOUR])
@pytest.mark.parametrize(("night", "at", "length"), [(0.3, 17, 9), (0.2, 18, 6), (0.1, 19, 5), (0.1, 20, 3)])
def test_an_evening_that_nobody_saw_makes_no_night_an_outage(width: int, night: float, at: int, length: int) -> None:
    _, mean = unseen(width, night, at, length)
    assert [o for o in played(drawn(mean, 11, width)).outages if o.confirmed_at] == []


@pytest.mark.parametrize("width", [300, 900, HALF_HOUR])
@pytest.mark.parametrize(("at", "length", "begin"), [(18, 6, 51), (17, 9, 51), (18, 5, 53)])
def test_nor_does_it_date_an_outage_back_to_dusk(width: int, at: int, length: int, begin: int) -> None:
    t, mean = unseen(width, 0.3, at, length)
    out = (t >= begin * HOUR) & (t < (begin + 5) * HOUR)
    found = played(drawn(mean * np.where(out, 0.1, 1.0), 11, width)).of("PK")
    assert [((o.start - MONDAY) / HOUR, ((o.end or 0) - MONDAY) / HOUR) for o in found] == [(begin, begin + 5)]


@pytest.mark.parametrize("night", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("length", [6, 24])
def test_a_blackout_of_the_second_day_is_found_however_deep_the_nights_are(night: float, length: int) -> None:
    t, mean = nights(4, HALF_HOUR, night)
    begin = DAY + 12 * HOUR
    found = played(drawn(np.where((t >= begin) & (t < begin + length * HOUR), 0.0, mean), 0, HALF_HOUR)).of("PK")
    assert [o.start - MONDAY for o in found] == [begin]


@pytest.mark.parametrize("width", [600, HALF_HOUR, HOUR])
@pytest.mark.parametrize("begin", [0, 6, 13, 21])
def test_a_deep_night_is_no_fall_and_a_network_that_is_switched_off_every_night_is_not_out(
    width: int, begin: int
) -> None:
    t = hours(12, width)
    night = 0.03 + 0.97 * (0.5 - 0.5 * np.cos(2 * np.pi * (t / DAY - 4 / 24))) ** 2
    office = np.where((t % DAY >= 7 * HOUR) & (t % DAY < 19 * HOUR), 1.0, 0.03)
    rng, places = np.random.default_rng(2), (Entity("asn", "AS1", "PK"), Entity("region", "PK-SD", "PK"))
    x = rng.poisson(1500 * np.stack([office, night], axis=1)).astype(float)
    x[t < begin * HOUR] = np.nan
    found = played([made_rows("probing.ioda", x, *places, width=width)])
    assert [found.of("AS1"), found.of("PK-SD")] == [[], []]


@pytest.mark.parametrize(("mean", "left"), [(120, 0.3), (250, 0.5)])
def test_hours_of_half_of_small_counts_are_confirmed_together(
    mean: int, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    t = hours(30)
    share = np.where((t >= 28 * DAY) & (t < 29 * DAY), left, 1.0)
    x = np.stack([np.random.default_rng(seed).poisson(mean * share) for seed in range(6)], axis=1).astype(float)
    places = [Entity("region", f"PK-{i}", "PK") for i in range(6)]
    series = [made_rows("probing.ioda", x, *places)]

    def confirmed() -> int:
        found = played(series)
        return sum(any(o.start == MONDAY + 28 * DAY for o in found.of(place.name)) for place in places)

    assert confirmed() == len(places)
    monkeypatch.setattr(seasonal_judged, "TOGETHER", 0)
    assert confirmed() < len(places) / 2, f"none of {SPANS} bins is sure alone"


def dusk_of_all(begin: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """What is expected in the first three hours of the second day, as a share of the truth ``(countries, t)``, where a
    recording begins at an hour of a falling evening; and where a broken feed stands in each of its bins, 1: it is
    whole."""
    t = begin * HOUR + hours(2, width)
    mean = 4000 * (1 + 0.5 * np.sin(2 * np.pi * (t / DAY - 13 / 24)) + 0.15 * np.sin(4 * np.pi * (t / DAY - 4 / 24)))
    codes = "BJ", "TG", "GA", "CM", "NE", "RW", "UG", "KE"
    x = np.random.default_rng(begin).poisson(mean[:, None], (len(t), len(codes))).astype(float)
    places = [Entity("country", code, code) for code in codes]
    found = played([made_rows("traffic.radar", x, *places, width=width, start=MONDAY + begin * HOUR)])
    said = [found.said(code, "traffic.radar") for code in codes]
    seen = (t >= begin * HOUR + DAY) & (t < begin * HOUR + DAY + 3 * HOUR)
    return np.array([each.expected[seen] / mean[seen] for each in said]), np.array([each.common for each in said])


@pytest.mark.parametrize("width", [300, 900, HOUR])
@pytest.mark.parametrize("begin", [18, 21, 23])
def test_a_recording_that_begins_at_dusk_has_no_dusk_in_which_all_rise_alike(begin: int, width: int) -> None:
    expected, common = dusk_of_all(begin, width)
    assert (common == 1).all()
    assert np.abs(expected - 1).max() < 0.12


def test_all_of_them_had_a_fifth_too_much_when_only_what_came_after_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_day, "_dusk", lambda times, raw, slot, grid, first: np.full(len(first), np.nan))
    expected, common = dusk_of_all(23, 900)
    assert common.max() > 1.15
    assert expected.min() < 0.85


@pytest.mark.parametrize("width", [300, 900, HOUR])
@pytest.mark.parametrize("hole", [(0.9, 4.5), (0.4, 1.6), (1.2, 2.2)])
def test_nothing_is_not_expected_where_the_first_day_ends_in_an_outage_and_has_a_hole_as_it_begins(
    hole: tuple[float, float], width: int
) -> None:
    t = 18 * HOUR + hours(1.5, width)
    h = (t - t[0]) / HOUR
    x = np.random.default_rng(1).poisson(4000, len(t)).astype(float)
    x[h >= 22] = 0
    x[(h >= hole[0]) & (h < hole[1])] = np.nan
    said = played([made_rows("traffic.radar", x, PK, width=width, start=MONDAY + 18 * HOUR)]).said(
        "PK", "traffic.radar"
    )
    assert (said.expected[h >= 22] > 2500).all()
