"""Each line of the traps in REFERENCE.md (end of section 1) has its tests, here or where they stood already."""

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, text

HELD = {
    "collector's peer": (
        "traps/test_common_mode.py::test_a_step_of_less_than_a_percent_in_every_network_is_the_feed_s_and_no_surprise",
        "traps/test_common_mode.py::test_the_small_steps_of_a_month_over_britain_are_taken_out",
        "traps/test_common_mode.py::test_no_network_of_britain_is_low_at_the_large_ones_more_than_once",
    ),
    "one by one": (
        "traps/test_returning.py::test_sources_that_return_one_by_one_do_not_end_it_while_a_better_one_is_on_the_floor",
        "traps/test_returning.py::test_two_hours_in_which_nothing_arrives_do_not_end_the_first_shutdown_of_iraq",
        "pipeline/test_fusion.py::test_silence_alone_is_never_an_outage",
        "traps/test_in_part.py::test_the_end_of_a_blackout_does_not_hang_on_how_much_is_missing_of_one_signal",
        "traps/test_in_part.py::test_who_dates_it_by_the_first_calm_bin_dates_it_hours_late",
        "traps/test_in_part.py::test_what_lacks_a_third_is_still_out",
        "traps/test_in_part.py::test_what_then_comes_back_as_a_whole_was_back_then",
        "traps/test_in_part.py::test_witnesses_that_all_lag_excuse_nobody",
        "traps/test_in_part.py::test_what_falls_again_after_an_hour_is_out_again",
        "traps/test_in_part.py::test_a_bin_on_the_way_there_is_no_sign_that_it_stays",
        "traps/test_in_part.py::test_what_still_lacks_a_little_when_it_is_over_is_no_other_outage",
    ),
    "new normal": (
        "traps/test_used_to.py::test_an_outage_does_not_close_at_half_because_seven_days_have_passed",
        "traps/test_used_to.py::test_one_whose_new_level_is_below_the_floor_closes_with_the_return_and_not_days_later",
        "traps/test_used_to.py::test_a_network_that_is_gone_for_good_is_not_out_for_ever",
        "traps/test_used_to.py::test_but_nobody_gets_used_to_a_place_that_is_dark",
        "traps/test_used_to.py::test_half_a_country_that_is_gone_for_good_is_its_level",
        "traps/test_used_to.py::test_what_was_out_for_more_than_a_week_and_is_out_again_is_told_at_once",
        "traps/test_used_to.py::test_it_is_so_where_not_all_had_come_back",
        "traps/test_used_to.py::test_what_has_most_of_it_again_for_a_week_is_not_out_for_two_months",
        "traps/test_used_to.py::test_what_comes_back_in_part_and_is_loud_is_not_out_again",
        "pipeline/test_holding.py::test_a_network_that_is_half_for_good_is_not_out_for_ever",
    ),
    "A plateau": (
        "traps/test_plateau.py::test_a_plateau_between_48_and_51_percent_is_one_outage_also_by_the_rule_of_half",
        "traps/test_plateau.py::test_one_that_is_as_deep_as_our_own_threshold_does_not_end_it",
        "traps/test_plateau.py::test_one_flapping_network_does_not_drag_its_country_s_onset",
        "property/test_outages.py::test_outages_of_one_entity_never_overlap",
    ),
    "warm-up at night": (
        "traps/test_first_night.py::test_one_hour_of_warm_up_at_night_sets_no_level_for_ever",
        "traps/test_first_night.py::test_so_that_an_outage_at_noon_is_seen",
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
        "traps/test_first_weekend.py::test_what_is_gone_on_the_first_day_of_a_weekend_is_found",
        "traps/test_first_weekend.py::test_it_was_missed_when_all_of_the_day_was_in_doubt",
        "traps/test_first_weekend.py::test_a_weekend_that_is_only_quieter_is_no_outage",
        "traps/test_first_weekend.py::test_hourly_counts_are_enough_from_the_second_day_on",
        "traps/test_first_weekend.py::test_they_were_not_when_a_factor_of_twenty_was_doubted_like_one_of_two",
        "traps/test_first_weekend.py::test_on_the_second_weekend_two_days_off_are_enough_to_tell_that_half_is_gone",
        "traps/test_first_weekend.py::test_it_was_suspected_all_day_and_taken_back_when_four_of_them_were_asked_for",
        "traps/test_first_weekend.py::test_outages_leave_no_noise_behind_in_which_the_next_ones_hide",
        "traps/test_first_weekend.py::test_a_weekend_that_was_dark_is_no_usual_one_and_the_next_outage_is_found",
        "traps/test_first_weekend.py::test_it_was_missed_when_whatever_a_first_weekend_had_was_its_own_way",
        "traps/test_quiet_day.py::test_a_day_that_is_quiet_every_week_is_an_outage_once_at_most",
        "traps/test_quiet_day.py::test_it_was_one_every_week_when_only_the_calendar_knew_of_rest",
        "traps/test_quiet_day.py::test_hours_of_a_weekday_that_are_lost_every_week_are_found_every_week",
        "traps/test_quiet_day.py::test_so_is_a_whole_day_of_which_next_to_nothing_is_left",
        "traps/test_quiet_day.py::test_a_weekday_that_others_were_unlike_is_an_outage_until_most_of_those_known_were_lost",
        "traps/test_clock.py::test_nor_does_a_clock_that_moves_by_a_part_of_a_bin_lose_the_slopes_of_a_night",
        "traps/test_quiet_day.py::test_so_is_one_of_what_knows_neither_day_nor_night",
        "traps/test_quiet_day.py::test_it_was_not_when_probes_had_days_of_rest",
        "traps/test_quiet_day.py::test_a_weekend_of_half_of_flat_days_is_one_once_at_most",
        "traps/test_every_night.py::test_few_clean_days_are_enough_to_find_every_night_of_three_weeks",
        "traps/test_every_night.py::test_each_night_is_over_by_day_whatever_a_slow_detector_last_said",
        "traps/test_every_night.py::test_a_region_is_no_other_than_a_country",
        "traps/test_every_night.py::test_months_of_nights_are_found_on_sundays_too",
        "traps/test_every_night.py::test_a_week_of_nights_was_the_way_of_a_young_series",
        "traps/test_every_night.py::test_five_weeks_of_nights_were_the_way_of_sundays",
        "traps/test_begun_in.py::test_the_next_outage_at_its_hours_is_told_whole",
        "traps/test_begun_in.py::test_so_it_is_after_a_slow_return_once_two_days_were_so_far_above_it",
        "traps/test_begun_in.py::test_its_end_was_lost_for_weeks_when_the_first_day_was_believed",
        "traps/test_begun_in.py::test_a_morning_is_no_end_of_an_outage",
        "traps/test_begun_in.py::test_busy_hours_of_the_next_days_are_no_usual_ones",
        "traps/test_begun_in.py::test_only_a_place_that_has_at_once_twice_of_all_that_it_had_begins_anew",
        "traps/test_begun_in.py::test_in_bins_in_which_a_value_may_have_gone_wrong_it_does_by_the_second",
        "traps/test_begun_in.py::test_what_has_begun_anew_is_settled_a_day_later",
        "traps/test_begun_in.py::test_so_it_is_where_stamps_lie_beside_the_slots_of_the_day",
        "traps/test_begun_in.py::test_nor_do_counts_of_a_few_that_double_by_chance",
        "traps/test_begun_in.py::test_no_morning_begins_anew_whenever_it_comes",
        "traps/test_surge.py::test_what_it_had_more_is_not_missed_on_later_days",
        "traps/test_surge.py::test_nor_is_what_a_recording_begins_in",
        "traps/test_surge.py::test_nor_is_it_where_others_stand",
        "traps/test_surge.py::test_an_outage_after_it_is_told_whole",
        "traps/test_surge.py::test_it_makes_nobody_deaf_for_a_week",
        "traps/test_surge.py::test_it_did_when_what_it_missed_was_noise",
        "traps/test_surge.py::test_a_curfew_from_the_second_evening_on_is_no_surge_of_the_first",
        "traps/test_surge.py::test_it_was_an_outage_of_every_day_when_the_first_one_was_believed",
        "traps/test_gone_wrong.py::test_on_the_first_day_it_hides_no_outage_of_the_second",
        "traps/test_gone_wrong.py::test_so_it_is_in_other_bins",
        "traps/test_gone_wrong.py::test_nor_is_it_missed_whenever_it_was",
        "traps/test_gone_wrong.py::test_it_hid_one_when_what_was_seen_once_was_noise",
        "traps/test_gone_wrong.py::test_what_dips_all_day_long_is_noise",
        "traps/test_gone_wrong.py::test_it_was_missed_the_next_day_when_that_was_the_day_s_own_way",
        "traps/test_gone_wrong.py::test_one_a_million_times_too_high_was_the_end_of_an_outage",
        "traps/test_gone_wrong.py::test_what_is_always_the_same_is_expected_to_be_so",
        "traps/test_gone_wrong.py::test_no_place_begins_anew_for_one_bin",
        "traps/test_gone_wrong.py::test_a_cell_of_myanmar_makes_no_weekend_later_an_outage",
        "traps/test_gone_wrong.py::test_it_did_when_each_day_was_believed",
        "traps/test_gone_wrong.py::test_a_cell_of_zhytomyr_makes_no_third_outage",
        "traps/test_gone_wrong.py::test_the_first_one_of_all_lets_no_other_pass_for_a_value",
        "traps/test_gone_wrong.py::test_nor_is_its_slot_expected_of_a_second_day_of_another_kind",
        "traps/test_gone_wrong.py::test_few_a_million_times_too_high_make_no_throttling",
        "traps/test_gone_wrong.py::test_they_made_one_when_an_hour_had_what_it_had",
        "traps/test_gone_wrong_early.py::test_a_blackout_before_its_hour_comes_round_is_found",
        "traps/test_gone_wrong_early.py::test_so_it_is_where_it_was_the_first_one_of_all",
        "traps/test_gone_wrong_early.py::test_nor_is_it_expected_of_a_weekend",
        "traps/test_gone_wrong_early.py::test_and_nothing_is_missed_where_nothing_is_lost",
        "traps/test_long_hole.py::test_a_surge_of_the_day_it_comes_back_on_is_not_missed_later",
        "traps/test_long_hole.py::test_what_has_another_level_after_months_is_no_outage",
        "traps/test_long_hole.py::test_an_outage_after_it_is_told_whole",
        "traps/test_long_hole.py::test_it_was_missed_when_the_first_day_was_that_of_weeks_ago",
        "traps/test_long_hole.py::test_it_was_an_outage_when_months_were_no_hole",
        "traps/test_long_hole.py::test_however_it_is_cut_into_frames_the_hole_is_the_same",
        "traps/test_silence.py::test_a_week_of_silence_makes_no_level_of_an_hour_of_low",
        "traps/test_silence.py::test_it_did_when_silence_counted_as_low",
        "traps/test_silence.py::test_one_low_bin_of_a_feed_that_died_dates_no_outage_of_another",
        "traps/test_silence.py::test_it_did_when_nobody_contradicted_it",
        "traps/test_first_night.py::test_the_rule_itself_is_cured_where_it_waits_a_day_before_it_leaves_values_out",
    ),
    "flat series": (
        "traps/test_noise.py::test_three_percent_of_a_perfectly_flat_series_are_not_hundreds_of_deviations",
        "traps/test_noise.py::test_nothing_is_said_of_a_dozen_counts",
        "traps/test_noise.py::test_half_of_small_counts_is_confirmed_by_bins_in_a_row",
        "traps/test_after.py::test_loud_noise_hides_nobody_who_is_dark",
        "traps/test_after.py::test_but_one_bin_is_one_bin_however_wide",
        "traps/test_first_day.py::test_hours_of_half_of_small_counts_are_confirmed_together",
        "traps/test_noise.py::test_the_floor_of_the_rule_of_the_median_says_nothing_either",
    ),
    "ASes are born": (
        "traps/test_entities.py::test_a_network_that_is_born_after_weeks_of_zero_is_judged_soon",
        "traps/test_entities.py::test_one_that_steps_up_for_good_has_its_level_after_a_week",
        "traps/test_entities.py::test_venezuela_has_no_row_of_its_own_and_is_out_all_the_same",
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
        "traps/test_sag.py::test_a_feast_or_a_sag_that_an_outage_begins_in_is_no_part_of_it",
        "traps/test_sag.py::test_it_was_when_it_was_dated_once_for_all",
        "traps/test_sag.py::test_what_lacks_no_more_than_before_it_fell_is_back",
        "traps/test_sag.py::test_it_was_out_for_as_long_as_the_feast",
        "traps/test_sag.py::test_and_since_it_began",
        "traps/test_sag.py::test_mobile_networks_that_go_on_a_holiday_are_out_for_as_long_as_they_are",
        "traps/test_sag.py::test_nor_is_it_out_for_longer_where_a_little_more_goes_hours_later",
        "traps/test_sag.py::test_it_was_when_the_last_of_its_steps_was_the_fall",
        "traps/test_sag.py::test_what_falls_for_hours_begins_as_it_falls",
        "traps/test_sag.py::test_so_does_what_loses_no_more_than_one_step",
        "traps/test_sag.py::test_what_lacks_much_more_than_before_is_still_out",
        "traps/test_sag.py::test_a_second_cut_in_the_feast_is_one_by_itself",
        "traps/test_sag.py::test_what_it_took_of_the_day_leaves_no_throttling_in_the_sag",
        "traps/test_labels.py::test_the_shutdowns_of_myanmar_are_met_though_six_hours_a_bin_see_them_late",
        "traps/test_labels.py::test_those_of_iraq_are_met_though_probes_are_back_half_an_hour_after_the_label",
    ),
    "throttled service": (
        "traps/test_standing.py::test_hours_in_which_nobody_looked_are_none_of_them",
        "traps/test_standing.py::test_a_third_of_it_gone_for_days_is_what_a_feast_or_a_strike_takes_and_only_suspected",
        "traps/test_standing.py::test_traffic_that_stays_low_for_a_day_is_confirmed_whatever_stands",
        "traps/test_standing.py::test_it_was_not_when_each_of_them_spoke_against_it_in_full",
        "traps/test_standing.py::test_most_of_it_gone_for_hours_is_confirmed_by_night_and_on_a_feast",
        "traps/test_standing.py::test_it_was_not_when_daily_means_alone_could_hush_who_stands",
        "traps/test_standing.py::test_half_of_it_on_a_feast_is_only_suspected",
        "traps/test_standing.py::test_it_is_told_where_somebody_fears_a_shutdown_on_that_day",
        "traps/test_standing.py::test_on_a_day_that_matters_half_of_it_is_out_though_no_two_weeks_are_known",
        "traps/test_standing.py::test_on_a_day_like_any_other_it_may_be_a_weekend_and_is_only_suspected",
        "traps/test_standing.py::test_nor_is_less_than_half_of_it_out_on_a_day_that_matters",
        "traps/test_standing.py::test_nor_is_one_on_which_an_hour_is_lost",
        "traps/test_standing.py::test_it_was_when_a_third_was_as_good_as_most",
        "traps/test_standing.py::test_nor_are_days_without_a_third_in_which_a_bin_lacks_half",
        "traps/test_standing.py::test_they_were_when_two_bins_could_hush_who_stands",
        "traps/test_standing.py::test_phones_that_are_cut_off_for_two_hours_are_told_before_they_are_back",
        "traps/test_standing.py::test_an_hour_of_it_is_only_suspected",
        "traps/test_standing.py::test_more_than_half_that_is_cut_off_every_morning_is_told_every_morning",
        "traps/test_standing.py::test_it_was_not_when_only_daily_means_could_hush_who_stands",
        "traps/test_alone.py::test_probes_that_fall_while_traffic_stands_are_none",
        "traps/test_alone.py::test_one_row_of_a_table_of_hours_is_no_outage_of_who_stands",
        "traps/test_alone.py::test_who_measures_the_same_and_sees_all_is_heard",
        "traps/test_alone.py::test_a_stumble_of_a_prober_makes_no_outage_of_a_feast",
        "traps/test_alone.py::test_a_feed_that_falls_silent_makes_no_outage_of_a_feast",
        "traps/test_alone.py::test_a_prober_that_falls_silent_takes_no_outage_away",
        "traps/test_alone.py::test_a_season_that_has_begun_is_no_second_witness_of_a_fall",
        "traps/test_alone.py::test_it_was_when_what_was_lost_before_counted_too",
        "traps/test_alone.py::test_a_prober_that_vanishes_with_the_country_has_not_stood_in_it",
        "traps/test_alone.py::test_a_wide_signal_that_falls_in_the_same_minute_does_not_join_in_late",
        "traps/test_alone.py::test_of_small_counts_some_bins_have_none",
        "traps/test_alone.py::test_two_kinds_that_fall_together_join_nobody_in_late",
        "traps/test_alone.py::test_nor_does_one_of_an_hour_or_two_in_which_no_half_is_lost",
        "traps/test_mobile_zero.py::test_networks_of_which_nothing_is_left_are_out_while_their_feed_counts_others",
        "traps/test_mobile_zero.py::test_one_alone_its_feed_may_have_dropped",
        "traps/test_mobile_zero.py::test_where_it_counts_none_of_the_country_they_are_not",
        "traps/test_alone.py::test_a_feed_that_counts_again_shows_whether_it_was_one",
        "traps/test_alone.py::test_who_joins_in_late_and_is_seen_no_more_is_a_witness_all_the_same",
        "traps/test_alone.py::test_they_were_when_a_hundredth_of_the_routes_was_a_second_witness",
        "traps/test_alone.py::test_two_kinds_that_fall_are_one_at_once",
        "traps/test_alone.py::test_what_a_slower_signal_said_before_the_fall_is_waited_for_half_an_hour",
        "traps/test_alone.py::test_a_feed_that_counts_nothing_is_no_country_that_is_dark_however_long",
        "detectors/test_cusum.py::test_a_deep_weekend_is_none_on_whatever_day_a_recording_begins",
        "traps/test_slow.py::test_daily_means_see_the_sag_and_the_step_of_a_throttling_and_single_bins_neither",
        "traps/test_slow.py::test_it_is_not_forgotten_after_five_weeks_as_a_baseline_that_rolls_on_forgets_it",
        "traps/test_slow.py::test_a_week_of_it_ends_with_it_though_single_bins_have_got_used_to_it",
        "traps/test_slow.py::test_it_ended_days_too_soon_when_they_alone_told_its_end",
        "traps/test_after.py::test_an_outage_of_hours_is_one_outage",
        "traps/test_after.py::test_a_throttling_followed_when_its_day_had_to_be_all_back",
        "traps/test_after.py::test_who_was_out_and_strays_is_not_out_again_the_day_after",
        "traps/test_after.py::test_an_outage_of_hours_in_a_sag_leaves_no_throttling_behind",
    ),
}
"""Words of a line -> the tests that hold it; those of `tests.traps` have both sides."""


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


@pytest.mark.parametrize("test", [test for tests in HELD.values() for test in tests])
def test_the_tests_that_are_named_exist(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse(text(f"tests/{file}"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_of_a_trap_is_named() -> None:
    named = {test for tests in HELD.values() for test in tests}
    for path in sorted((ROOT / "tests" / "traps").glob("test_*.py")):
        if path.name != Path(__file__).name:
            names = {n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)}
            own = {f"traps/{path.name}::{name}" for name in names if name.startswith("test_")}
            assert own <= named
