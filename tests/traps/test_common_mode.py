"""A step of every network in the same bin is a peer of the collector, gained or lost, and not the country."""

from pathlib import Path

import numpy as np

from pipeline.records import Entity
from pipeline.settings import Judging, Settings
from tests.worlds import LOW, Played, case, hours, made_rows, noisy, played

SIGNAL = "bgp.routeviews"
NETWORKS = tuple(Entity("asn", f"AS{i}", "GB") for i in range(10))
WITHOUT = Settings(judging=Judging(common_most=0))


def scores(found: Played, names: list[str]) -> np.ndarray:
    """``(networks, t)``."""
    return np.array([found.said(name, SIGNAL).score for name in names])


def test_a_step_of_less_than_a_percent_in_every_network_is_the_feed_s_and_no_surprise() -> None:
    level = np.linspace(4000, 40_000, len(NETWORKS))
    share = np.where(hours(10) >= hours(10)[-3], 0.992, 1.0)
    series = [made_rows(SIGNAL, noisy(share[:, None] * level, 0.0005), *NETWORKS)]
    names = [network.name for network in NETWORKS]
    cured, naive = (scores(played(series, settings), names)[:, -3] for settings in (Settings(), WITHOUT))
    assert np.abs(cured).max() < 1
    assert naive.max() < -2.3


def test_the_small_steps_of_a_month_over_britain_are_taken_out(data: Path) -> None:
    series = case(data, "control-britain-2020-peerloss")
    names = sorted(entity.name for entity in series[0].entities if entity.type == "asn")
    cured, naive = played(series), played(series, WITHOUT)
    moved = cured.said("GB", SIGNAL).common
    steps = (moved[1:] != 1) & (moved[:-1] == 1)
    assert 15 <= steps.sum() <= 25, "about twenty a month"
    small = (moved != 1) & (np.abs(moved - 1) < 0.01)
    assert small.sum() >= 8
    assert np.abs(np.median(scores(cured, names)[:, small], axis=0)).max() < 0.8
    assert np.abs(np.median(scores(naive, names)[:, small], axis=0)).max() > 1.5


def test_no_network_of_britain_is_low_at_the_large_ones_more_than_once(data: Path) -> None:
    series = case(data, "control-britain-2020-peerloss")
    names = [entity.name for entity in series[0].entities]

    def lows(found: Played) -> list[int]:
        return [int(np.isin(found.said(name, SIGNAL).state, LOW).sum()) for name in names]

    assert max(lows(played(series))) <= 1
    assert min(lows(played(series, WITHOUT))) >= 2
