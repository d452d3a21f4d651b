"""What was expected before an outage, of whom it is learnt, and when what is said is held against it."""

import numpy as np
import pytest

from detectors.base import DAY, HIGH, LOW_CONFIRMED, NORMAL, UNKNOWN
from pipeline.fusion.cells import Cells
from pipeline.fusion.evidence import Said
from pipeline.fusion.usual import Usual
from pipeline.settings import Fusing
from tests.judge.verdicts import COUNTRY

SIGNAL, WIDTH, FELL = "probing.ioda", 3600, 20_000 * DAY
SETTINGS = Fusing()


class Held:
    """Two countries of one signal that fell at the same time; only the outage of the first is confirmed."""

    def __init__(self) -> None:
        self.cells, self.usual = Cells(SETTINGS), Usual(SETTINGS)
        self.cells.signal(SIGNAL, WIDTH)
        self.cells.grow(2)
        self.usual.grow(2, 1)
        self.cells["low_from"][:] = FELL
        self.cells["worst"][:] = 1.0
        self.usual.out[:] = [True, False]

    def hold(self, after: int, state: int, value: float, expected: float) -> tuple[Said, Said]:
        """What is said of both so long after they fell [s], and what is made of it."""
        columns = (np.full(2, each) for each in (value, expected, -9.0))
        said = Said(SIGNAL, FELL + after, (COUNTRY, COUNTRY), *columns, np.full(2, state, np.int8), np.ones(2))
        return said, self.usual.hold([said], np.arange(2), [0], self.cells)[0]

    def least(self, after: int) -> list[float]:
        """The least that was expected of each in the hour so long after they fell [s]."""
        return self.usual.least.at(np.arange(2), 0, FELL + after).tolist()


def test_what_is_expected_is_learnt_of_those_who_are_out_and_of_nobody_else() -> None:
    held = Held()
    said, made = held.hold(WIDTH, LOW_CONFIRMED, 1.0, 100.0)
    assert made is said
    assert held.least(WIDTH) == [100.0, 0.0]
    held.hold(WIDTH + 7 * DAY - SETTINGS.used_to, NORMAL, 100.0, 50.0)
    held.hold(WIDTH, LOW_CONFIRMED, 1.0, 0.0)
    assert held.least(WIDTH) == [100.0, 0.0], "neither what is not low, nor where nothing is expected"


def test_what_is_back_while_its_detector_says_nothing_is_normal_however_soon() -> None:
    held = Held()
    held.hold(WIDTH, LOW_CONFIRMED, 1.0, 100.0)
    for value, state in ((95.0, NORMAL), (50.0, UNKNOWN)):
        _, made = held.hold(WIDTH + 60, UNKNOWN, value, 100.0)
        assert made.state.tolist() == [state, UNKNOWN]


@pytest.mark.parametrize(("before", "lost"), [(DAY + WIDTH, 0.0), (DAY - WIDTH, 1.0)])
def test_what_is_lost_is_noted_from_a_day_before_a_detector_gets_used_to_it(before: int, lost: float) -> None:
    held = Held()
    for hour in range(24):
        held.hold(WIDTH * hour + 1, LOW_CONFIRMED, 0.0, 100.0)
    held.hold(SETTINGS.used_to - before, LOW_CONFIRMED, 0.0, 100.0)
    assert held.usual.returned.lost[:, 0].tolist() == [lost, 0.0]


def test_who_gets_used_to_it_is_held_against_what_was_before() -> None:
    held = Held()
    for hour in range(24):
        held.hold(WIDTH * hour + 1, LOW_CONFIRMED, 0.0, 100.0)
    said, made = held.hold(SETTINGS.used_to + WIDTH, NORMAL, 20.0, 20.0)
    assert (said.state.tolist(), made.state.tolist()) == ([NORMAL] * 2, [LOW_CONFIRMED, NORMAL])
    assert made.expected.tolist() == [100.0, 20.0]


@pytest.mark.parametrize(("state", "value"), [(HIGH, 90.0), (NORMAL, 60.0), (UNKNOWN, 95.0)])
def test_what_is_back_stands_beside_what_was_before_as_long_as_the_outage_is_open(state: int, value: float) -> None:
    held = Held()
    for hour in range(24):
        held.hold(WIDTH * hour + 1, LOW_CONFIRMED, 10.0, 100.0)
    held.hold(SETTINGS.used_to + WIDTH, NORMAL, 10.0, 10.0)
    for hour in (2, 3):
        said, made = held.hold(SETTINGS.used_to + WIDTH * hour, state, value, 10.0)
        assert made.expected.tolist() == [100.0, 10.0]
        assert made.state[1] == said.state[1]
        held.cells["low_from"][:] = 0  # it is back
    held.usual.out[:] = False
    said, made = held.hold(SETTINGS.used_to + WIDTH * 4, state, value, 10.0)
    assert made.expected.tolist() == [10.0, 10.0]


def test_a_detector_that_expects_more_than_was_usual_before_is_shown_as_it_is() -> None:
    held = Held()
    for hour in range(24):
        held.hold(WIDTH * hour + 1, LOW_CONFIRMED, 10.0, 100.0)
    held.hold(SETTINGS.used_to + WIDTH, NORMAL, 10.0, 10.0)
    said, made = held.hold(SETTINGS.used_to + 2 * WIDTH, HIGH, 150.0, 120.0)
    assert made is said


def test_what_falls_again_below_what_a_detector_has_got_used_to_stands_beside_what_was_before() -> None:
    held = Held()
    for hour in range(24):
        held.hold(WIDTH * hour + 1, LOW_CONFIRMED, 50.0, 100.0)
    held.hold(SETTINGS.used_to + WIDTH, NORMAL, 50.0, 50.0)
    _, made = held.hold(7 * DAY + WIDTH, LOW_CONFIRMED, 5.0, 50.0)
    assert made.expected.tolist() == [100.0, 50.0]
