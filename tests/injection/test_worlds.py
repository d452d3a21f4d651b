"""What must be found in made-up recordings of one country, with one seed; ``make inject`` prints all of it."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.records import Entity
from tests.injection import holiday, long, plain, single
from tests.injection.given import HOUR, Answer, Country, Loss, outages, outages_of, series
from tests.injection.plain import Cell


@pytest.mark.parametrize(
    ("mean", "width", "lost"),
    [(30, 600, 0.60), (300, 1800, 0.52)],
)
def test_a_steady_loss_is_confirmed_in_time(mean: int, width: int, lost: float) -> None:
    cell = Cell(mean, width, lost)
    (said,) = plain.answers(mean, width, 0, [lost])
    assert (said.suspected or 0) > 0
    assert cell.in_time(said)


def test_the_sequential_test_is_the_quicker_the_more_is_lost_and_the_more_is_counted() -> None:
    few, many = ([plain.sequential(Cell(mean, 600, lost)) for lost in plain.LOST] for mean in (30, 100))
    assert few == sorted(few, reverse=True)
    assert all(quick <= slow for quick, slow in zip(many, few, strict=True))
    assert many[-1] == 600 < few[0] <= 4 * 600


def test_recordings_with_one_past_say_what_each_says_by_itself() -> None:
    recordings = [[Cell(300, 1800, lost).recording(1, 5)] for lost in (0.44, 0.70)]
    assert outages_of(recordings, plain.BEGIN + 5 * DAY) == [outages(rows) for rows in recordings]


@pytest.fixture(scope="module")
def free_day() -> dict[bool, Answer]:
    """What is said of a workday on which 65 % is lost, of activity alone and of probes as well."""
    return {probes: said for (_, probes), said in holiday.said("workday", 0, [0.65], past=14).items()}


def test_a_free_day_is_no_outage(free_day: dict[bool, Answer]) -> None:
    assert free_day[False].confirmed is None


def test_the_same_loss_of_probes_as_well_is_an_outage(free_day: dict[bool, Answer]) -> None:
    assert free_day[True].confirmed is not None


@pytest.mark.xfail(reason="the first of three is confirmed after five hours and ten minutes, not four hours")
def test_each_loss_of_a_single_noisy_signal_is_an_outage_of_its_own() -> None:
    made = single.recording(0)
    said, bound = single.found(made), single.best(made)
    assert bound.exact == 3
    assert (said.exact, said.more) == (3, 0)
    assert max(said.after) <= single.SOON
    assert np.mean(said.worst) == pytest.approx(single.LOST, abs=0.1), "not what the worst bin shows"


def test_a_shutdown_of_weeks_is_one_outage_to_the_end() -> None:
    (outage,) = long.said(0)
    assert outage.end is not None
    assert abs(outage.start - long.ONSET) <= long.EXACT
    assert abs(outage.end - long.OVER) <= long.EXACT


QUICK, DAYS, FELL, BACK = 300, 15, plain.BEGIN + 14 * DAY + 10 * HOUR, plain.BEGIN + 14 * DAY + 14 * HOUR
"""Width of the bins of what stands [s], days in all, and when the other signal falls and is back [s]."""


@pytest.mark.parametrize(
    ("signal", "width", "entity", "kind"),
    [
        ("ooni.tests", HOUR, Entity("service", "PK:whatsapp", "PK"), "platform"),
        ("traffic.google", HOUR // 2, Entity("country", "PK", "PK"), "stealth"),
    ],
)
def test_what_one_wide_signal_alone_shows_is_dated_in_its_own_bins(
    signal: str, width: int, entity: Entity, kind: str
) -> None:
    steady = Country("PK", 0, plain.BEGIN, plain.BEGIN + DAYS * DAY, width=QUICK).rows()[:2]
    random, at = np.random.default_rng(0), np.arange(plain.BEGIN, plain.BEGIN + DAYS * DAY, width)
    passed = random.binomial(60, 0.97 * Loss(FELL, BACK, 0.9, (signal,)).left(at)) / 60
    rows = replace(series(signal, width, plain.BEGIN, passed, "PK"), entities=(entity,))
    (outage,) = outages([*steady, rows])
    assert (outage.entity, outage.kind) == (entity.name, kind)
    assert (outage.start, outage.end) == (FELL, BACK)
    assert (outage.start_between, outage.end_between) == ((FELL, FELL + width), (BACK, BACK + width))
