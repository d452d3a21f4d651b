"""Signals that are judged side by side: what is told of each, and what is kept of it, is what it would be alone."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from detectors import REGISTRY
from detectors.base import is_low
from pipeline.engine import Engine
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage, jointly
from pipeline.judge.jointly import CROWD, WORTH, Ask
from pipeline.records import END, UP, Bins, Entity, Run, Verdicts
from tests.bench.bench_month import played, world
from tests.judge.moved import COUNTRIES, DAYS, NETWORKS, WIDTH, seen

SIGNALS = ("bgp.ioda", "bgp.ris", "bgp.routeviews")
CUTS = (0, 30, 32, 60, 62, 110, 150)
"""Where frames begin: short and long ones [bins]."""

SOON = ("burst", "ihr", "median", "seasonal")
"""Detectors that have something to say after six days."""

OTHER = (Entity("country", "IQ", "IQ"), *COUNTRIES[1:])
"""As many as the others, of another calendar."""


def frames(entities: tuple[Entity, ...], values: dict[str, np.ndarray], start: int = 0) -> list[Bins]:
    """A frame of each signal, bins ``(t, n)`` from the start-th on."""
    told = []
    for signal, value in values.items():
        at = 20_000 * 86_400 + WIDTH * (start + np.arange(len(value)))
        health = np.ones(value.shape, np.float32)
        told.append(
            Bins(Run("r"), "test", -1, signal, WIDTH, int(at[-1]) + WIDTH, UP, entities, at, value, health)
        )  # fmt: skip
    return told


def day(entities: tuple[Entity, ...]) -> dict[str, np.ndarray]:
    """Three signals of 150 hours: in one all series move at once, in one a single one falls, one has gaps."""
    rng = np.random.default_rng(7)
    moved, fallen, holes = (seen(entities, *[1.0] * (150 - DAYS), noise=noise) for noise in (0.001, 0.01, 0.03))
    moved[100:130] *= 0.7
    fallen[120:, 1] *= 0.2
    holes[rng.random(holes.shape) < 0.1] = np.nan
    return dict(zip(SIGNALS, (moved, fallen, holes), strict=True))


def same(these: list[Verdicts], those: list[Verdicts]) -> None:
    assert len(these) == len(those)
    for one, other in zip(these, those, strict=True):
        for field in fields(one):
            a, b = getattr(one, field.name), getattr(other, field.name)
            if isinstance(a, np.ndarray):
                np.testing.assert_array_equal(a, b, field.name)
                assert a.dtype == b.dtype
            else:
                assert a == b


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Of how many signals each call of a detector was."""
    sizes: list[int] = []
    answers = jointly._answers

    def counted(asks: Sequence[Ask]) -> list[jointly.Answer]:
        sizes.append(len(asks))
        return answers(asks)

    monkeypatch.setattr(jointly, "_answers", counted)
    return sizes


def pieces(entities: tuple[Entity, ...]) -> Iterator[list[Bins]]:
    values = day(entities)
    for start, end in pairwise(CUTS):
        yield frames(entities, {signal: value[start:end] for signal, value in values.items()}, start)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_each_is_told_and_kept_what_it_would_be_alone(name: str, asked: list[int]) -> None:
    at_once, alone = (JudgeStage(REGISTRY[name], calendar, 2) for _ in range(2))
    found = []
    for some in pieces(COUNTRIES):
        together = at_once.steps(some)
        assert max(asked) == 3 or len(some[0].start) < WORTH, "side by side"
        same(together, [told for bins in some for told in alone.step(bins)])
        assert at_once.save() == alone.save()
        found += together
        asked.clear()
    if name in SOON:
        assert any(is_low(told.state).any() for told in found)
        assert {told.signal for told in found if (told.common < 0.8).any()} == {SIGNALS[0]}, "it is its own"


def test_what_stands_beside_the_first_is_asked_side_by_side_too(asked: list[int]) -> None:
    values = dict(zip(("bgp.ris", "traffic.ioda", "telescope.ioda"), day(COUNTRIES).values(), strict=True))
    values["traffic.radar"] = values["traffic.ioda"] * 2
    at_once, alone = Engine().judge(), Engine().judge()
    some = frames(COUNTRIES, values)
    same(at_once.steps(some), [told for bins in some for told in alone.step(bins)])
    assert at_once.save() == alone.save()
    assert {2, 4} <= set(asked), "two of traffic have a slow detector"


def test_who_is_new_in_one_signal_or_lives_elsewhere_is_asked_alone_until_all_are_alike(asked: list[int]) -> None:
    values = day(COUNTRIES)
    for entities, expected in ((COUNTRIES[:-1], {1, 2}), (OTHER, {1, 2}), (COUNTRIES, {3})):
        at_once, alone = (JudgeStage(REGISTRY["median"], calendar, 1) for _ in range(2))
        for start, end in ((0, 80), (80, 150)):
            some = frames(COUNTRIES, {signal: value[start:end] for signal, value in values.items()}, start)
            if start == 0:
                less = frames(entities, {SIGNALS[2]: values[SIGNALS[2]][:80, : len(entities)]})
                some = [*some[:2], *less]
            asked.clear()
            same(at_once.steps(some), [told for bins in some for told in alone.step(bins)])
            assert at_once.save() == alone.save()
            assert expected <= set(asked)


def test_a_signal_that_comes_twice_is_judged_once_after_the_other(asked: list[int]) -> None:
    value = day(NETWORKS)[SIGNALS[0]]
    early, late = (frames(NETWORKS, {SIGNALS[0]: part}, start) for start, part in ((0, value[:75]), (75, value[75:])))
    at_once, alone = (JudgeStage(REGISTRY["seasonal"], calendar, 1) for _ in range(2))
    same(
        at_once.steps([*early, *late, *early]), [told for bins in (*early, *late, *early) for told in alone.step(bins)]
    )
    assert at_once.save() == alone.save()
    assert set(asked) == {1}


def test_signals_that_end_together_and_runs_beside_each_other_are_kept_as_they_would_be_alone() -> None:
    some = [replace(bins, status=END) for bins in frames(COUNTRIES, day(COUNTRIES))]
    many = [replace(bins, run=Run(f"r{i}")) for i in range(20) for bins in some]
    for each in (some, many, [*many, *some]):
        at_once, alone = (JudgeStage(REGISTRY["median"], calendar, 1) for _ in range(2))
        same(at_once.steps([*each, *each]), [told for bins in each for told in alone.step(bins)])
        assert at_once.save() == alone.save()
        assert not at_once.series
        assert list(at_once.ended) == [(bins.run.id, bins.signal) for bins in each]


def test_no_past_is_joined_for_a_bin_or_two_nor_of_very_many(asked: list[int]) -> None:
    stage = JudgeStage(REGISTRY["median"], calendar, 1)
    values = day(COUNTRIES)
    stage.steps(frames(COUNTRIES, {signal: value[: WORTH - 1] for signal, value in values.items()}))
    crowd = tuple(Entity("asn", f"AS{i}", "GB") for i in range(CROWD + 1))
    stage.steps(frames(crowd, {f"bgp.{i}": np.ones((WORTH, CROWD + 1)) for i in "ab"}))
    assert set(asked) == {1}


def test_a_replay_in_memory_asks_side_by_side(asked: list[int]) -> None:
    played(list(world(1)))
    assert 5 in asked
