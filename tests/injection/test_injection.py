"""The bench itself, and what must be found of what is laid over: a small world with a seed, and floors under it."""

from math import exp, lgamma, log

import numpy as np
import pytest

from tests.injection.best import BEST, ratio, run
from tests.injection.figures import RATES, all_of, clean, conditions, counted, large, targets
from tests.injection.tally import Tally
from tests.injection.world import BINS, KINDS, Mix, world


def mass(x: int, mean: float, dispersion: float) -> float:
    """Probability of a count, straight from the textbook."""
    if dispersion == 1:
        return exp(x * log(mean) - mean - lgamma(x + 1))
    r = mean / (dispersion - 1)
    return exp(lgamma(x + r) - lgamma(x + 1) - lgamma(r) - r * log(dispersion) + x * log(1 - 1 / dispersion))


@pytest.mark.parametrize("dispersion", [1.0, 2.0, 8.0])
def test_the_best_possible_weighs_a_count_by_its_chance_with_and_without_the_loss(dispersion: float) -> None:
    for x, mean, depth in ((0, 5.0, 0.99), (7, 20.0, 0.5), (90, 100.0, 0.2)):
        plain = log(mass(x, (1 - depth) * mean, dispersion) / mass(x, mean, dispersion))
        found = ratio(np.array([float(x)]), np.array([mean]), np.array([dispersion]), depth)
        np.testing.assert_allclose(found, plain, rtol=1e-6)


def test_a_world_is_the_same_for_a_seed_and_another_for_another() -> None:
    one, again, other = (world(seed, 64, 1, 4).bin(400).x for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_counts_have_the_mean_and_the_dispersion_that_the_world_says() -> None:
    place = world(3, 512, 1, 4)
    bins = [place.bin(i) for i in range(BINS)]
    x, mean = (np.array([getattr(b, name) for b in bins]) for name in ("x", "mean"))
    spread = np.nanmean((x - mean) ** 2 / mean, axis=0)
    for dispersion in (1, 2, 4, 8):
        np.testing.assert_allclose(np.nanmedian(spread[place.dispersion == dispersion]), dispersion, rtol=0.1)


def test_an_outage_takes_its_share_and_nothing_around_it_counts_as_quiet() -> None:
    place = world(1, 512, 1, 4)
    row = int(np.flatnonzero((place.events.depth[:, 0] == 1) & (place.events.ramp[:, 0] == 1) & clean(place))[0])
    begin, end = int(place.events.begin[row, 0]), int(place.events.end[row, 0])
    inside = [place.bin(i) for i in range(begin, end)]
    assert all(b.event[row] == 0 and not b.x[row] > 0 and not b.quiet[row] for b in inside)
    assert not place.bin(end + 11).quiet[row]
    assert place.bin(end + 12).quiet[row]


def test_each_low_where_nothing_was_is_one_false_outage_and_its_peak_counts() -> None:
    place = world(1, 64, 0, 4)
    tally, row = Tally(place), int(np.flatnonzero(place.kind == "shift")[0])
    place.factor[row] = 1.0
    none = np.zeros(64, bool)
    for i in range(60):
        low = none.copy()
        low[row] = i in (3, 4, 5, 30)
        tally.step(i, place.bin(i), np.full(64, 5.0 + (i == 4)), low, none)
    outcome = tally.finish()
    chosen = np.arange(64) == row
    assert outcome.peak[outcome.series == row].tolist() == [6.0, 5.0]
    assert outcome.threshold(chosen, 0.0) == 6.0
    np.testing.assert_allclose(outcome.false(chosen, 5.5) * outcome.years[row], 1)


def test_a_delay_counts_from_the_first_bin_of_the_outage() -> None:
    place = world(1, 64, 0, 4)
    tally = Tally(place)
    row = int(np.flatnonzero((place.events.begin[:, 0] < 500) & (place.events.end - place.events.begin > 10)[:, 0])[0])
    begin = int(place.events.begin[row, 0])
    for i in range(begin, begin + 5):
        low = (np.arange(64) == row) & (i >= begin + 2)
        tally.step(i, place.bin(i), np.full(64, 9.0), low, low)
    outcome = tally.finish()
    chosen = np.zeros_like(outcome.low, bool)
    chosen[row, 0] = True
    assert (outcome.low[row, 0], outcome.sure[row, 0], outcome.delay(chosen, 4.0)) == (3, 3, 3)
    assert (outcome.hit(chosen, 4.0, 2), outcome.hit(chosen, 4.0, 3), outcome.hit(chosen, 9.5, 3)) == (0, 1, 0)


def test_in_a_small_world_the_default_is_close_to_the_best_possible_and_every_figure_is_there() -> None:
    mix = Mix(("plain", "plain", "gaps", "shift", "young", "weeks"), (100, 300, 3000), (1, 2), (0.2, 0.5))
    outcome = run(world(13, 400, 8, 4, mix), ["median", "seasonal"])
    ours, everything = outcome["seasonal"], np.ones(400, bool)
    assert min(counted(ours.world, large(ours.world))) > 30
    for found, bound in zip(targets(ours, large(ours.world)), targets(outcome[BEST], large(ours.world)), strict=True):
        assert bound - 0.15 <= found <= bound + 0.05
    assert ours.years.sum() > 3
    assert ours.false(everything) <= 1
    assert not ours.confirmed.any()
    assert outcome["median"].false(everything) > 30, "the field's rule takes every night for an outage"
    assert conditions(ours)["cover of outages of hours to weeks"] > 0.97
    for figures in all_of(outcome).values():
        assert len(figures["curve"]) == len(RATES)
        assert set(figures["traps"]) == set(KINDS)
