"""The accounting, on examples that a person can do in the head: minutes of one day."""

import pytest

from pipeline.evaluation.accounting import END, MONTH, ONSET, Account, Called, Observed, account
from pipeline.evaluation.cases import Ignored, Tolerance
from pipeline.evaluation.spans import Span, joined, seconds_within, touch
from pipeline.feeds import Label
from pipeline.records import Entity

UA = Entity("country", "UA", "UA")
ZHYTOMYR = Entity("region", "UA-18", "UA")
KYIV = Entity("region", "UA-32", "UA")
NETWORK = Entity("asn", "AS1", "UA")
ABROAD = Entity("country", "PL", "PL")
LOST = Entity("asn", "AS2", "")

EXACT = Tolerance(onset_early=60, onset_late=120, end_early=180, end_late=240, cover=0.75)
DAY = 24 * 3600


def label(start: int, end: int, entity: Entity = ZHYTOMYR) -> Label:
    return Label(start, end, entity.type, entity.name, "shutdown", "")


def out(start: int, end: int | None, entity: Entity = ZHYTOMYR, suspected: int = 0, confirmed: int = 0) -> Called:
    return Called(entity, start, end, suspected or start, confirmed or start)


def held(called: list[Called], labels: list[Label], exact: Tolerance = EXACT, end: int = DAY) -> Account:
    return account(called, labels, exact, Observed(0, end - 300, end, 2, 2 * MONTH), lambda _: "UA")


def test_an_outage_that_is_exact_meets_its_label() -> None:
    made = held([out(10_030, 20_060, suspected=10_300, confirmed=10_600)], [label(10_000, 20_000)])
    (answer,) = made.answers
    assert (answer.hit, answer.met, answer.fragments) == (True, True, 1)
    assert (answer.onset_error, answer.end_error) == (30, 60)
    assert (answer.suspected, answer.confirmed) == (300, 600)
    assert answer.cover == pytest.approx(0.997)
    assert (made.hits, made.met, made.false, made.others) == (1, 1, (), ())


@pytest.mark.parametrize(
    ("start", "end", "met"),
    [
        (9_940, 20_000, True), (9_939, 20_000, False), (10_120, 20_000, True), (10_121, 20_000, False),
        (10_000, 19_820, True), (10_000, 19_819, False), (10_000, 20_240, True), (10_000, 20_241, False),
    ],
)  # fmt: skip
def test_onset_and_end_are_within_the_tolerance_or_the_label_is_only_hit(start: int, end: int, met: bool) -> None:
    made = held([out(start, end)], [label(10_000, 20_000)])
    assert (made.hits, made.met) == (1, int(met))


def test_an_outage_that_covers_too_little_hits_and_does_not_meet() -> None:
    made = held([out(10_000, 11_000)], [label(10_000, 11_000 + 400)], EXACT._replace(end_early=3600))
    assert (made.hits, made.met, made.answers[0].cover) == (1, 0, pytest.approx(1000 / 1400))


def test_fragments_that_touch_the_label_are_counted_and_do_not_meet_it() -> None:
    made = held([out(10_000, 14_000), out(14_300, 20_000)], [label(10_000, 20_000)])
    (answer,) = made.answers
    assert (answer.hit, answer.met, answer.fragments, answer.cover) == (True, False, 2, 0.97)
    assert (answer.onset_error, answer.end_error) == (0, 0)


def test_a_fragment_just_after_the_label_is_one_too_and_is_not_false() -> None:
    made = held([out(10_000, 20_000), out(20_100, 20_200)], [label(10_000, 20_000)])
    assert (made.met, made.answers[0].fragments, made.false) == (0, 2, ())


def test_what_only_lies_near_a_label_neither_hits_nor_is_false() -> None:
    made = held([out(20_000, 20_200)], [label(10_000, 20_000)])
    assert (made.hits, made.false, made.others) == (0, (), ())


def test_one_outage_over_two_labels_hits_both_and_meets_neither() -> None:
    made = held([out(10_000, 40_000)], [label(10_000, 20_000), label(30_000, 40_000)])
    assert (made.hits, made.met) == (2, 0)


def test_an_outage_of_another_entity_hits_nothing() -> None:
    made = held([out(10_000, 20_000, KYIV)], [label(10_000, 20_000)])
    assert made.hits == 0
    assert [outage.entity for outage in made.false] == [KYIV]


@pytest.mark.parametrize("entity", [KYIV, ABROAD, LOST])
def test_a_neighbour_of_what_is_labelled_is_false(entity: Entity) -> None:
    made = held([out(10_000, 20_000, entity)], [label(10_000, 20_000)])
    assert (len(made.false), made.others) == (1, ())


def test_the_country_of_a_labelled_region_is_neither_hit_nor_false() -> None:
    made = held([out(10_000, 20_000, UA)], [label(10_000, 20_000)])
    assert (made.hits, made.false, len(made.others)) == (0, (), 1)


@pytest.mark.parametrize("entity", [ZHYTOMYR, NETWORK])
def test_a_part_of_a_labelled_country_is_neither_hit_nor_false(entity: Entity) -> None:
    made = held([out(10_000, 20_000, entity)], [label(10_000, 20_000, UA)])
    assert (made.hits, made.false, len(made.others)) == (0, (), 1)


def test_a_network_of_a_country_whose_region_is_labelled_is_false() -> None:
    assert len(held([out(10_000, 20_000, NETWORK)], [label(10_000, 20_000)]).false) == 1


def test_a_part_that_is_out_at_another_time_is_false() -> None:
    made = held([out(30_000, 40_000, NETWORK)], [label(10_000, 20_000, UA)])
    assert (len(made.false), made.others) == (1, ())


def test_an_ignored_window_counts_neither_way() -> None:
    exact = EXACT._replace(ignored=(Ignored(Span(30_000, 31_000)),))
    made = held([out(30_500, 32_000), out(31_000, 32_000)], [], exact)
    assert [outage.start for outage in made.false] == [31_000]


def test_a_label_within_an_ignored_window_counts_neither_way() -> None:
    exact = EXACT._replace(ignored=(Ignored(Span(10_000, 20_000)),))
    made = held([out(10_000, 20_000)], [label(10_000, 20_000), label(19_000, 20_001)], exact)
    assert [answer.label.start for answer in made.answers] == [19_000]
    assert made.false == ()


def test_an_outage_that_is_open_lasts_to_the_end_of_what_was_observed() -> None:
    made = held([out(10_000, None)], [label(10_000, 20_000)], EXACT._replace(end_late=400), end=20_400)
    assert (made.met, made.answers[0].end_error, made.answers[0].cover) == (1, 400, 1.0)
    assert held([out(10_000, None)], [label(10_000, 20_000)]).answers[0].end_error == DAY - 20_000


def test_a_label_that_lasts_to_the_last_bin_is_met_by_an_outage_that_is_still_open() -> None:
    made = held([out(10_000, None)], [label(10_000, DAY - 300)], EXACT._replace(end_late=0))
    assert (made.met, made.answers[0].end_error) == (1, 0)


def test_what_lies_after_the_recording_is_not_to_be_covered_and_an_end_there_is_neither_early_nor_late() -> None:
    made = held([out(10_000, None)], [label(10_000, 2 * DAY)])
    assert (made.met, made.answers[0].end_error, made.answers[0].cover, made.answers[0].open) == (1, None, 1.0, True)
    assert made.middle("end_error") is None
    late = held([out(10_500, None)], [label(10_000, 2 * DAY)])
    assert (late.hits, late.met, late.answers[0].onset_error) == (1, 0, 500)


def test_what_was_over_before_the_recording_was_is_too_early_for_a_label_that_goes_on() -> None:
    made = held([out(10_000, 40_000)], [label(10_000, 2 * DAY)])
    (answer,) = made.answers
    assert (made.met, answer.end_error, answer.cover) == (0, 40_000 - 2 * DAY, pytest.approx(30_000 / (DAY - 10_000)))


def test_what_lies_before_the_recording_is_not_to_be_covered_either() -> None:
    (answer,) = held([out(0, 20_000)], [label(-20_000, 20_000)]).answers
    assert (answer.cover, answer.onset_error) == (1.0, 20_000)


@pytest.mark.parametrize(
    ("first", "last", "undated"),
    [
        ((), (), ()),
        ((ONSET,), (), (ONSET,)),
        ((END,), (), ()),
        ((), (ONSET,), ()),
        ((ONSET, END), (END,), (ONSET, END)),
    ],
)
def test_an_onset_and_an_end_that_nobody_saw_are_marked(
    first: tuple[str, ...], last: tuple[str, ...], undated: tuple[str, ...]
) -> None:
    found = [out(10_000, 14_000)._replace(undated=first), out(15_000, 20_000)._replace(undated=last)]
    assert held(found, [label(10_000, 20_000)]).answers[0].undated == undated


def test_false_outages_are_counted_per_month_of_an_entity() -> None:
    made = held([out(1_000, 2_000), out(5_000, 6_000), out(9_000, 9_500, KYIV)], [])
    assert (made.months, made.false_rate) == (2.0, 1.5)
    assert account([], [], EXACT, Observed(0, 0, 0, 0, 0.0), lambda _: "").false_rate == 0


def test_the_middle_leaves_out_labels_without_a_hit() -> None:
    found = [out(10_000, 20_000, confirmed=10_300), out(30_000, 40_000, confirmed=30_900)]
    made = held(found, [label(10_000, 20_000), label(30_000, 40_000), label(60_000, 70_000)])
    assert (made.middle("confirmed"), made.middle("cover")) == (600, 1.0)
    assert held([], [label(10_000, 20_000)]).middle("confirmed") is None


def test_stretches_are_half_open_and_join_over_a_gap() -> None:
    assert not touch(Span(0, 5), Span(5, 6))
    assert joined([Span(0, 5), Span(5, 6), Span(8, 9)]) == [Span(0, 6), Span(8, 9)]
    assert joined([Span(0, 9), Span(1, 2), Span(11, 12)], gap=2) == [Span(0, 12)]
    assert seconds_within([Span(0, 5), Span(8, 9)], Span(4, 20)) == 2
