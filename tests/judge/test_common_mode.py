"""The common mode of a feed: what all its series gain or lose at once is the feed's, and no outage is taken for it."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, is_low
from pipeline.engine import Engine, chain
from pipeline.fusion import Fused
from pipeline.records import Entity, Outage
from tests.judge.feeds import COUNTRIES, MANY, NETWORKS, QUIET, feed, judged
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
    ("entities", "steps"),
    [
        (NETWORKS, [np.linspace(0.0, 0.8, 10)] * 3),
        (NETWORKS, [0.6] * 3),
        (NETWORKS, [0.95**i for i in range(1, 13)]),
        (COUNTRIES, [np.linspace(0.0, 0.8, 7)] * 3),
        (COUNTRIES, [np.array([0.01, 0.1, 0.2, 0.05, 0.15, 0.02, 0.3])] * 3),
        (COUNTRIES, [np.where(np.arange(7) <= i, 0.0, 1.0) for i in range(7)] + [0.0] * 4),
        (MANY, [np.resize([0.01, 0.9, 0.5, 0.3, 0.7], 30)] * 2),
    ],
    ids=["unalike", "most of a country", "in small steps", "countries unalike", "one cable", "in turn", "far apart"],
)
def test_places_that_are_out_together_are_not_taken_for_the_feed(
    entities: tuple[Entity, ...], steps: list[float | np.ndarray]
) -> None:
    found = judged(entities, feed(entities, *steps, noise=0.01), ROUTES)
    assert (found.common[-1] == 1) or np.isnan(found.common[-1])
    assert is_low(found.state[-1]).mean() >= 0.7


def test_the_networks_of_one_country_have_one_vote() -> None:
    entities = COUNTRIES + tuple(Entity("asn", f"AS{i}", "PK") for i in range(50))
    own = np.array([0.93 if entity.country == "PK" else 1.0 for entity in entities])
    found = judged(entities, feed(entities, own, noise=0.001), "probing.ioda")
    assert found.common[-1] == 1
    assert is_low(found.state[-1, own < 1]).all()
    assert judged(entities, feed(entities, 0.93, noise=0.001), "probing.ioda").common[-1] != 1


def test_of_traffic_or_regions_of_one_country_it_is_unknown_what_is_common() -> None:
    regions = tuple(Entity("region", f"VE-{i}", "VE") for i in range(10))
    for entities, signal in ((NETWORKS, "traffic.radar"), (regions, ROUTES)):
        found = judged(entities, feed(entities, 0.9, noise=0.001), signal)
        assert np.isnan(found.common).all()
        assert is_low(found.state[-1]).all()


def test_noise_is_nothing_common_and_a_peer_that_is_lost_for_good_is_the_level_after_days() -> None:
    assert (judged(NETWORKS, feed(NETWORKS, *[1.0] * 200, noise=0.03), ROUTES).common != 1).mean() < 0.01
    found = judged(NETWORKS, feed(NETWORKS, *[0.94] * 240, *[0.94 * 0.94] * 3, noise=0.001), ROUTES)
    assert found.common[QUIET + 239] > 0.99
    assert 0.93 < found.common[-1] < 0.95
    assert not is_low(found.state).any()


@pytest.mark.parametrize(
    ("case", "moves", "is_out"), [("control-britain-2020-peerloss", True, False), ("myanmar-2021-coup", False, True)]
)
def test_the_lost_peers_over_britain_are_its_feed_s_and_the_coup_over_myanmar_is_not(
    case: str, moves: bool, is_out: bool, data: Path
) -> None:
    out = list(chain(recorded(data / "signals" / case), Engine()))
    fused = [(each.verdicts, each.bin) for each in out if isinstance(each, Fused)]
    down = [(v, i) for v, i in fused if (v.state[i] == LOW_CONFIRMED).sum() >= 5]
    assert (min(v.common[i] for v, i in fused) < 0.92) == moves
    assert (len(down) >= 5) == is_out
    assert all(v.common[i] == 1 for v, i in down) or not is_out
    assert bool(confirmed([each for each in out if isinstance(each, Outage)])) == is_out
