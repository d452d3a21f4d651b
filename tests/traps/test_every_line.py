"""Each line of the traps in REFERENCE.md (end of section 1) has its tests, here or where they stood already."""

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT

HELD = {
    "collector's peer": ("traps/test_common_mode.py",),
    "one by one": (
        "traps/test_returning.py",
        "pipeline/test_fusion.py::test_silence_alone_is_never_an_outage",
        "traps/test_in_part.py",
    ),
    "new normal": (
        "traps/test_used_to.py",
        "pipeline/test_holding.py::test_a_network_that_is_half_for_good_is_not_out_for_ever",
    ),
    "A plateau": (
        "traps/test_plateau.py",
        "property/test_outages.py::test_outages_of_one_entity_never_overlap",
    ),
    "warm-up at night": (
        "traps/test_first_night.py",
        "traps/test_first_day.py::test_what_was_out_on_the_first_day_is_seen_to_be_out_at_that_time_later",
        "traps/test_first_day.py::test_so_it_is_with_other_bins",
        "traps/test_first_day.py::test_it_was_hidden_for_ever_when_the_first_day_was_believed",
        "traps/test_first_day.py::test_the_exams_of_iraq_are_found_by_who_begins_a_day_before_them",
        "traps/test_first_day.py::test_what_falls_at_dusk_of_the_first_day_makes_no_night_an_outage",
        "traps/test_first_day.py::test_a_recording_that_begins_at_dusk_has_no_dusk_in_which_all_rise_alike",
        "traps/test_first_day.py::test_all_of_them_had_a_fifth_too_much_when_only_what_came_after_was_asked",
        "traps/test_first_day.py::test_nothing_is_not_expected_where_the_first_day_ends_in_an_outage_and_has_a_hole_as_it_begins",
        "traps/test_first_day.py::test_a_surge_in_the_second_night_is_not_missed_in_the_next",
        "traps/test_first_day.py::test_an_evening_that_nobody_saw_makes_no_night_an_outage",
        "traps/test_first_day.py::test_nor_does_it_date_an_outage_back_to_dusk",
        "traps/test_first_day.py::test_a_blackout_of_the_second_day_is_found_however_deep_the_nights_are",
        "traps/test_first_day.py::test_a_deep_night_is_no_fall_and_a_network_that_is_switched_off_every_night_is_not_out",
        "traps/test_first_weekend.py",
        "traps/test_quiet_day.py",
        "traps/test_clock.py::test_nor_does_a_clock_that_moves_by_a_part_of_a_bin_lose_the_slopes_of_a_night",
        "traps/test_every_night.py",
        "traps/test_begun_in.py",
        "traps/test_for_good.py",
        "traps/test_surge.py",
        "traps/test_gone_wrong.py",
        "traps/test_gone_wrong_early.py",
        "traps/test_long_hole.py",
        "traps/test_silence.py",
    ),
    "flat series": (
        "traps/test_noise.py",
        "traps/test_after.py::test_loud_noise_hides_nobody_who_is_dark",
        "traps/test_after.py::test_but_one_bin_is_one_bin_however_wide",
        "traps/test_first_day.py::test_hours_of_half_of_small_counts_are_confirmed_together",
    ),
    "ASes are born": (
        "traps/test_entities.py",
        "pipeline/test_parts.py::test_never_a_country_from_four_states",
        "pipeline/test_parts.py::test_a_real_country_is_judged_from_its_networks_alone",
    ),
    "evenly spaced": (
        "traps/test_clock.py::test_the_uneven_hours_of_britain_are_bins_and_no_bin_between_them_is_missing",
        "traps/test_clock.py::test_a_clock_change_moves_the_day_and_is_no_outage",
        "traps/test_clock.py::test_nor_does_it_move_the_traffic_of_the_netherlands",
        "traps/test_clock.py::test_holidays_that_are_named_are_no_surprise",
        "traps/test_clock.py::test_a_week_of_more_and_its_end_are_no_outage",
        "traps/test_clock.py::test_the_feast_after_ramadan_is_never_confirmed",
        "traps/test_clock.py::test_half_of_a_country_is_not_missed_on_a_feast_and_its_end_is_seen",
        "traps/test_clock.py::test_one_that_halves_every_bin_of_a_working_day_is_no_outage_where_it_is_named",
        "traps/test_clock.py::test_a_sentinel_of_minus_one_is_a_missing_value_and_no_outage",
        "traps/test_clock.py::test_that_of_venezuela_makes_no_region_darker_than_it_was",
        "detectors/test_seasonal.py::test_a_holiday_that_was_announced_is_compared_with_weekends_not_workdays",
    ),
    "Labels are rounded": (
        "traps/test_sag.py",
        "traps/test_labels.py",
    ),
    "throttled service": (
        "traps/test_standing.py",
        "traps/test_feared.py",
        "traps/test_at_once.py",
        "traps/test_alone.py",
        "traps/test_mobile_zero.py",
        "detectors/test_cusum.py::test_a_deep_weekend_is_none_on_whatever_day_a_recording_begins",
        "traps/test_slow.py",
        "traps/test_after.py::test_an_outage_of_hours_is_one_outage",
        "traps/test_after.py::test_a_throttling_followed_when_its_day_had_to_be_all_back",
        "traps/test_after.py::test_who_was_out_and_strays_is_not_out_again_the_day_after",
        "traps/test_after.py::test_an_outage_of_hours_in_a_sag_leaves_no_throttling_behind",
    ),
}
"""Words of a line -> the tests that hold it, a file where all of its do; those of `tests.traps` have both sides."""


def lines(data: Path) -> list[str]:
    """The lines of REFERENCE.md that begin with a trap."""
    paper = data.parent / "REFERENCE.md"
    if not paper.is_file():
        pytest.skip(f"no {paper}: nothing says which traps there are")
    traps = paper.read_text("utf-8").partition("### Traps that the real series hold")[2].partition("\n## ")[0]
    return [" ".join(item.split()) for item in traps.split("\n- ")[1:]]


def test_every_trap_of_the_reference_has_tests(data: Path) -> None:
    found = [[line for line in lines(data) if words in line] for words in HELD]
    assert [len(matches) for matches in found] == [1] * len(HELD)
    assert {line for (line,) in found} == set(lines(data))


def named_in(path: Path) -> set[str]:
    """The names of the tests in a file."""
    nodes = ast.parse(path.read_text("utf-8")).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("test", [test for tests in HELD.values() for test in tests])
def test_the_tests_that_are_named_exist(test: str) -> None:
    file, _, name = test.partition("::")
    found = named_in(ROOT / "tests" / file)
    assert name in found if name else found


def test_every_test_of_a_trap_is_named() -> None:
    named = {test for tests in HELD.values() for test in tests}
    for path in sorted((ROOT / "tests" / "traps").glob("test_*.py")):
        if path.name != Path(__file__).name and f"traps/{path.name}" not in named:
            assert {f"traps/{path.name}::{name}" for name in named_in(path)} <= named
