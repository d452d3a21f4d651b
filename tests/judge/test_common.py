"""Common mode: a feed that counts everybody lower is the feed, and no shutdown is taken for one."""

from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL
from detectors.seasonal import Seasonal
from pipeline.engine import Engine, chain
from pipeline.fusion import Fused
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage, common, moving
from pipeline.records import UP, Bins, Entity, Outage, Run, Verdicts
from pipeline.serve.metrics import Metrics
from pipeline.settings import Judging, Settings
from tests.explain.shown import verdicts
from tests.judge.moved import COUNTRIES, DAYS, NETWORKS, WIDTH, judged, seen, states
from tests.replay.tapes import recorded
from tests.replay.truth import confirmed


def test_a_lost_peer_is_told_as_the_feed_s_and_moves_no_network() -> None:
    found = judged(NETWORKS, seen(NETWORKS, 0.95, 0.95, 1.0))
    assert np.allclose(found.common[DAYS:], [0.95, 0.95, 1.0], atol=0.004)
    assert (found.common[:DAYS] == 1).all()
    assert all(not states(found, row) & {LOW_PROVISIONAL, LOW_CONFIRMED, HIGH} for row in (DAYS, DAYS + 1, DAYS + 2))


def test_bins_of_one_frame_are_judged_as_if_each_came_alone() -> None:
    one_down = np.where(np.arange(10) == 3, 0.0, 1.0)
    value = seen(NETWORKS, 1.0, 0.95, 0.95, 1.0, one_down, 0.95 * one_down, *[0.97] * 30, 1.0)
    value[DAYS - 9 : DAYS - 4] = value[DAYS - 10]  # repeats itself
    together, stage = judged(NETWORKS, value), JudgeStage(Seasonal.for_signal, calendar, 1)
    alone = [judged(NETWORKS, value[i : i + 1], stage=stage, start=i) for i in range(len(value))]
    for name in (*Verdicts.COLUMNS, "common"):
        np.testing.assert_array_equal(getattr(together, name), np.concatenate([getattr(v, name) for v in alone]))


@pytest.mark.parametrize("homes", ["GB", "GB FR DE IT BR US KE"])
def test_who_comes_later_in_a_frame_has_no_vote_before(homes: str) -> None:
    """A lost peer of networks of two countries, and then of up to seven."""
    early = [Entity("asn", f"AS{i}", ("GB", "FR")[i % 2]) for i in range(8)]
    late = [Entity("country", c, c) for c in homes.split()]
    value = seen((*early, *late), *[0.95] * 12, 1.0, *[0.95] * 3)
    met = np.array([0] * len(early) + [DAYS + 3 + i for i in range(len(late))])
    together, stage, alone = judged((*early, *late), value, met=met), JudgeStage(Seasonal.for_signal, calendar, 1), []
    for i in range(len(value)):
        there = int((met <= i).sum())
        alone.append(judged((*early, *late)[:there], value[i : i + 1, :there], stage=stage, start=i))
    np.testing.assert_array_equal(together.common, [v.common[0] for v in alone])
    listed, cut = JudgeStage(Seasonal.for_signal, calendar, 1), DAYS + 2
    for _ in range(2):  # the second one is nothing new
        judged((*early, *late), value[:cut], stage=listed, met=met)
    assert listed.series["r", "bgp.routeviews"].met.tolist() == (met < cut).tolist()
    rest = judged((*early, *late), value[cut:], stage=listed, start=cut, met=met - cut)
    np.testing.assert_array_equal(rest.common, together.common[cut:])
    for name in ("state", "expected"):
        these = np.array([getattr(v, name)[0, : len(early)] for v in alone])
        np.testing.assert_array_equal(getattr(together, name)[:, : len(early)], these)


def test_without_it_every_network_would_look_low() -> None:
    naive = JudgeStage(Seasonal.for_signal, calendar, 1, Judging(common_most=0))
    assert states(judged(NETWORKS, seen(NETWORKS, 0.95), stage=naive)) == {LOW_PROVISIONAL}


def test_the_value_that_is_shown_is_the_one_that_came() -> None:
    value = seen(NETWORKS, 0.95)
    found = judged(NETWORKS, value)
    assert (found.value == value).all()
    assert np.allclose(found.expected[-1], 950, atol=5)
    assert (found.lower[-1] < found.value[-1]).all()


def test_a_network_that_is_down_is_found_through_a_lost_peer() -> None:
    found = judged(NETWORKS, seen(NETWORKS, 0.95 * np.where(np.arange(10) == 3, 0.2, 1.0)))
    assert found.common[-1] != 1
    assert found.state[-1, 3] == LOW_CONFIRMED
    assert found.value[-1, 3] / found.expected[-1, 3] < 0.22


def test_networks_that_fall_unalike_are_a_shutdown() -> None:
    fall = np.linspace(0.0, 0.8, 10)
    found = judged(NETWORKS, seen(NETWORKS, fall))
    assert found.common[-1] == 1
    assert states(found) == {LOW_PROVISIONAL, LOW_CONFIRMED}
    assert (found.state[-1] == LOW_CONFIRMED).sum() >= 8


def test_a_large_fall_of_all_networks_of_a_country_is_never_the_feed_s() -> None:
    found = judged(NETWORKS, seen(NETWORKS, 0.6))
    assert found.common[-1] == 1
    assert states(found) == {LOW_CONFIRMED}


def test_nor_is_one_that_goes_on_in_small_steps() -> None:
    steps = [0.95**i for i in range(1, 13)]
    found = judged(NETWORKS, seen(NETWORKS, *steps))
    assert states(found) == {LOW_CONFIRMED}


def test_one_country_of_many_is_never_taken_out() -> None:
    found = judged(COUNTRIES, seen(COUNTRIES, np.where(np.arange(7) == 4, 0.93, 1.0)), "probing.ioda")
    assert found.common[-1] == 1
    assert found.state[-1, 4] in (LOW_PROVISIONAL, LOW_CONFIRMED)


def test_many_networks_of_one_country_have_one_vote() -> None:
    entities = COUNTRIES + tuple(Entity("asn", f"AS{i}", "PK") for i in range(50))
    down = np.array([0.93 if entity.country == "PK" else 1.0 for entity in entities])
    assert judged(entities, seen(entities, down), "probing.ioda").common[-1] == 1
    assert judged(entities, seen(entities, 0.93), "probing.ioda").common[-1] != 1


def test_of_traffic_of_one_country_nobody_knows_what_is_common() -> None:
    regions = tuple(Entity("region", f"VE-{i}", "VE") for i in range(10))
    for entities, signal in ((NETWORKS, "traffic.radar"), (regions, "bgp.routeviews"), (NETWORKS[:4], "bgp.ris")):
        found = judged(entities, seen(entities, 0.95), signal)
        assert np.isnan(found.common).all()
        assert states(found) & {LOW_PROVISIONAL, LOW_CONFIRMED}


def test_a_peer_that_is_back_within_a_day_leaves_the_level_where_it_was() -> None:
    entities = NETWORKS[:6]
    found = judged(entities, seen(entities, *[1.0] * 20, *[0.92] * 10, *[1.0] * 20))
    moved = found.common[-50:]
    assert (moved[20:30] < 0.94).all()
    assert (moved[30:] == 1).all(), "its return is no gain"


def test_noise_is_nothing_common() -> None:
    found = judged(NETWORKS[:5], seen(NETWORKS[:5], *[1.0] * 200, noise=0.03))
    assert (found.common != 1).mean() < 0.01


def test_asking_first_whether_one_side_has_the_votes_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    value = seen(NETWORKS, *[1.0] * 100, *np.repeat([0.98, 1.0, 1.03, 0.97], 20), noise=0.004)
    found = judged(NETWORKS, value)
    assert (found.common != 1).any()
    monkeypatch.setattr(moving, "may_have_moved", lambda own, *asked: np.ones(len(own), bool))
    assert np.array_equal(judged(NETWORKS, value).common, found.common)


def test_where_neither_side_has_the_votes_nothing_more_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(common, "_middle")
    value, half = np.full((DAYS, 10), 1000.0), np.where(np.arange(10) % 2, 1010.0, 990.0)
    assert (judged(NETWORKS, np.vstack([value, half])).common == 1).all()


def test_a_peer_that_is_lost_for_good_is_the_feed_s_level_after_days() -> None:
    found = judged(NETWORKS, seen(NETWORKS, *[0.94] * 120, *[0.94 * 0.94] * 3))
    assert found.common[DAYS + 119] > 0.995
    assert 0.93 < found.common[-1] < 0.95
    assert not states(found) & {LOW_PROVISIONAL, LOW_CONFIRMED}


def test_a_cut_stage_goes_on_with_the_feed_s_level() -> None:
    value = seen(NETWORKS, *[0.94] * 60)
    whole = judged(NETWORKS, value)
    stage, resumed = (JudgeStage(Seasonal.for_signal, calendar, 1) for _ in range(2))
    judged(NETWORKS, value[: DAYS + 30], stage=stage)
    resumed.load(stage.save())
    rest = judged(NETWORKS, value[DAYS + 30 :], stage=resumed, start=DAYS + 30)
    assert np.array_equal(rest.expected, whole.expected[DAYS + 30 :], equal_nan=True)
    assert np.array_equal(rest.common, whole.common[DAYS + 30 :])


def test_it_is_told_in_one_partition_only() -> None:
    stage = JudgeStage(Seasonal.for_signal, calendar, 3)
    value = seen(COUNTRIES, 0.95)
    bins = Bins(
        Run("r"), "test", -1, "bgp.ris", WIDTH, WIDTH * len(value), UP, COUNTRIES, WIDTH * np.arange(len(value)), value,
        np.ones(value.shape, np.float32),
    )  # fmt: skip
    told = [frame for frame in stage.step(bins) if not np.isnan(frame.common).any()]
    assert len(told) == 1
    assert told[0].entities
    assert told[0].common[-1] < 0.96


def test_metrics_show_and_count_it() -> None:
    registry = CollectorRegistry()
    metrics = Metrics.on(registry)
    for share in (0.95, 1.0, np.nan):
        metrics.observe(verdicts(common=np.array([share])))
    labels = {"feed": "ioda", "signal": "probing.ioda"}
    assert registry.get_sample_value("netvigil_feed_common_mode_ratio", labels) == 1.0
    assert registry.get_sample_value("netvigil_feed_common_moves_total", labels) == 1.0


def test_the_lost_peers_over_britain_are_its_feed_s_and_nobody_s_outage(data: Path) -> None:
    tape = recorded(data / "signals" / "control-britain-2020-peerloss")
    out = list(chain(tape, Engine()))
    moved = [float(f.verdicts.common[f.bin]) for f in out if isinstance(f, Fused) and f.verdicts.common[f.bin] != 1]
    assert sum(abs(share - 1) > 0.03 for share in moved) >= 6
    assert min(moved) < 0.92
    assert not confirmed([o for o in out if isinstance(o, Outage)])


def test_over_britain_they_would_be_seen_in_networks_without_it(data: Path) -> None:
    tape = recorded(data / "signals" / "control-britain-2020-peerloss")
    settings = (Judging(), Judging(common_most=0))
    ours, naive = (
        sum((f.verdicts.state[f.bin] == LOW_PROVISIONAL).sum() for f in chain(tape, engine) if isinstance(f, Fused))
        for engine in (Engine(Settings(judging=judging)) for judging in settings)
    )  # fmt: skip
    assert ours * 3 < naive


def test_the_coup_over_myanmar_is_not_taken_out(data: Path) -> None:
    tape = recorded(data / "signals" / "myanmar-2021-coup")
    fused = [f for f in chain(tape, Engine()) if isinstance(f, Fused)]
    down = [f for f in fused if (f.verdicts.state[f.bin] == LOW_CONFIRMED).sum() >= 5]
    assert len(down) >= 5
    assert all(f.verdicts.common[f.bin] == 1 for f in down)
