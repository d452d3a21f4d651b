"""The bench itself, and what must be found of what is laid over: a small world with a seed."""

import numpy as np

from tests.injection.best import BEST, run
from tests.injection.detectors import tables
from tests.injection.figures import TARGETS, figures, large, outages, targets
from tests.injection.world import DEPTHS, KINDS, Mix, world


def test_in_a_small_world_no_detector_is_better_than_the_best_possible_and_every_figure_is_there() -> None:
    mix = Mix(("plain", "plain", "gaps", "shift", "young", "weeks"), (100, 300, 3000), (1, 2), (0.2, 0.5))
    outcome = run(world(13, 400, 8, 4, mix), ["median", "predictive"])
    ours, everything = outcome["predictive"], np.ones(400, bool)
    assert all(outages(ours.world, large(ours.world), depth, least=within).sum() > 30 for depth, within, _ in TARGETS)
    best = zip(targets(ours, large(ours.world)), targets(outcome[BEST], large(ours.world)), strict=True)
    assert all(found <= bound + 0.05 for found, bound in best)
    assert ours.years.sum() > 3
    assert outcome["median"].false(everything) > 30, "the field's rule takes every night for an outage"
    found = {name: figures(one) for name, one in outcome.items()}
    assert [table.row_count for table in tables(found)] == [3, 3 * len(DEPTHS), 2, 2]
    assert set(found["predictive"]["traps"]) == set(KINDS)
