"""The common mode of a feed: what all its series gain or lose at once is the feed's, and no outage is taken for it."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, is_low
from pipeline.engine import Engine, chain
from pipeline.fusion import Fused
from pipeline.records import Entity, Outage
from tests.judge.feeds import COUNTRIES, NETWORKS, QUIET, feed, judged
from tests.replay.tapes import recorded
from tests.replay.truth import confirmed

ROUTES = "bgp.routeviews"


@pytest.mark.parametrize("share", [0.93, 0.97, 1.06])
def test_a_lost_or_won_peer_is_the_feed_s_and_moves_no_network(share: float) -> None:
    value = feed(NETWORKS, *[share] * 8, 1.0, noise=0.001)
    found = judged(NETWORKS, value, ROUTES)
    assert np.allclose(found.common, [1] * QUIET + [share] * 8 + [1], atol=0.01)
    assert not is_low(found.state).any()
    assert (found.value == value).all(), "the value is the one that came"
    assert np.allclose(found.expected[QUIET : QUIET + 8], 1000 * share, rtol=0.01), "what a smaller feed should show"


@pytest.mark.parametrize(("entities", "signal"), [(NETWORKS, ROUTES), (COUNTRIES, "probing.ioda")])
def test_one_that_is_out_is_found_through_a_lost_peer(entities: tuple[Entity, ...], signal: str) -> None:
    one = np.where(np.arange(len(entities)) == 3, 0.2, 1.0)
    found = judged(entities, feed(entities, *[0.95 * one] * 2, noise=0.001), signal)
    assert np.allclose(found.common[-1], 0.95, atol=0.01)
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (one < 1).tolist()
    assert found.value[-1, 3] / found.expected[-1, 3] == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("case", "moves", "is_out"), [("control-britain-2020-peerloss", True, False), ("myanmar-2021-coup", False, True)]
)
def test_the_lost_peers_over_britain_are_its_feed_s_and_the_coup_over_myanmar_is_not(
    case: str, moves: bool, is_out: bool, data: Path
) -> None:
    out = list(chain(recorded(data / "signals" / case), Engine()))
    common = [each.verdicts.common[each.bin] for each in out if isinstance(each, Fused)]
    assert np.nanmin(common) < 0.98 or not moves
    assert bool(confirmed([each for each in out if isinstance(each, Outage)])) == is_out
