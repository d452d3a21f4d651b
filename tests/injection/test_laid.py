"""Losses are laid over quiet stretches of real recordings, as deep and as long as is said."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.engine import Engine
from pipeline.evaluation.accounting import Called
from pipeline.evaluation.spans import Span, touch
from pipeline.records import Entity, Rows
from tests.injection.given import HOUR
from tests.injection.laid import CLASSES, HOURS, READERS, Source, Stretch, counted, less, sources, stretches, tables

pytestmark = pytest.mark.usefixtures("data")
NETHERLANDS = Entity("country", "NL", "NL")


@pytest.fixture(scope="module")
def recordings(data: Path) -> list[Source]:
    """The recordings of all classes."""
    return sources()


def source(recordings: list[Source], name: str) -> Source:
    return next(one for one in recordings if one.case.name == name)


def values(series: Rows, entity: Entity, begin: int, end: int) -> np.ndarray:
    own = series.entity == series.entities.index(entity)
    return series.value[own & (series.time >= begin) & (series.time < end)]


def test_every_stretch_is_free_of_labels_and_has_a_past_and_a_day_after_it(recordings: list[Source]) -> None:
    for kind in CLASSES:
        own = [one for one in recordings if one.kind == kind]
        drawn = stretches(own, 16, Engine())
        assert {stretch.source for stretch in drawn} == set(own)
        for stretch in drawn:
            seen, exact = stretch.source.observed, stretch.source.tolerance(Engine())
            whole = Span(stretch.onset, stretch.onset + max(stretch.hours) * HOUR)
            assert stretch.onset >= seen.begin + DAY
            assert whole.end <= seen.end - DAY
            spans = [*map(exact.grown, stretch.source.case.labels), *(window.span for window in exact.ignored)]
            assert not any(touch(Span(whole.start - 2 * HOUR, whole.end + 2 * HOUR), span) for span in spans)
            assert all(hours * HOUR >= stretch.source.widest.width for hours in stretch.hours)
        assert drawn == stretches(own, 16, Engine())


def test_networks_lose_unlike_shares_and_their_country_what_they_do(recordings: list[Source]) -> None:
    own = source(recordings, "control-india-2020-11")
    (countries, _), onset = own.places(), int(own.widest.time[0]) + 22 * DAY
    (india,) = countries
    stretch = Stretch(own, india, onset, (24,), 1)
    (before,), (after,) = own.series, stretch.laid(0.60, 24)
    inside = (before.time >= onset) & (before.time < onset + DAY)
    assert np.array_equal(after.value[~inside], before.value[~inside])
    assert (after.value % 1 == 0).all()
    left = {e: values(after, e, onset, onset + DAY).sum() / values(before, e, onset, onset + DAY).sum()
            for e in own.entities}  # fmt: skip
    assert left.pop(india) == pytest.approx(0.40, abs=0.02)
    assert 5 < sum(share == 1.0 for share in left.values()) <= 15
    assert np.std(list(left.values())) > 0.2
    total = sum(values(after, network, onset, onset + DAY) for network in left)
    assert np.array_equal(total, values(after, india, onset, onset + DAY))


def test_small_counts_lose_by_chance_and_other_values_in_their_own_steps() -> None:
    random, counts = np.random.default_rng(1), np.array([7.0, 9.0, np.nan, 0.0] * 500)
    left = less(counts, 0.35, counts, random)
    assert np.isnan(left[2::4]).all()
    assert (np.nan_to_num(left) % 1 == 0).all()
    assert np.nansum(left) / np.nansum(counts) == pytest.approx(0.65, abs=0.02)
    assert less(np.array([12.4, 7.7]), 0.2, np.array([12.4, 7.7, 8.0]), random).tolist() == [9.9, 6.2]
    assert less(np.array([3001e3]), 0.2, np.array([3001e3, 3002e3]), random).tolist() == [2401e3]


def test_only_what_is_confirmed_of_the_place_after_the_onset_is_found(recordings: list[Source]) -> None:
    onset, region = 100 * DAY, Entity("region", "NL-NH", "NL")
    stretch = Stretch(source(recordings, "control-youtube-nl"), region, onset, HOURS, 0)

    def found(entity: Entity, begin: int, end: int | None, confirmed: int) -> int | None:
        return stretch.found([Called(entity, onset + begin, end and onset + end, 0, onset + confirmed)], 3)

    assert found(region, 0, HOUR, HOUR) == found(NETHERLANDS, -HOUR, None, HOUR) == HOUR
    assert found(Entity("region", "NL-ZH", "NL"), 0, HOUR, HOUR) is None
    assert found(region, -2 * HOUR, None, -HOUR) is None
    assert found(region, 3 * HOUR, 4 * HOUR, 4 * HOUR) is None


@pytest.mark.slow
def test_a_class_is_counted_by_every_reader() -> None:
    made = counted("routes", 1, Engine())
    assert {name for name, *_ in made.after} == made.false.keys() == set(READERS)
    assert all(len(own) == 1 for own in made.after.values())
    assert made.after[READERS[0], 0.90, 24] != [None]
    (shown,) = tables(1, Engine(), ["routes"])
    assert shown.row_count == 12
