"""Promises that a detector does not keep, each with its reason."""

FORGETS = "nothing is inpainted: after a day and a half in three the outage is the median"
WIDE = "a day that swings by a fifth makes the mean deviation so wide that a fall to nothing is within five of it"
CHANCE = "three deviations of one bin are confirmed, which noise alone passes now and then: 2 % false were published"
SAMPLED = "what is connected is a set and has no sampling noise, which is many that go at once to this rule"
CLOCKLESS = "the rule knows no time of day: a deep night is half the day"
FOR_EVER = "what is low is inpainted, and the rule has no new normal: the alert lasts for ever"
TWICE = "nothing is inpainted: a second day of outage resembles the first one most"

EXCLUDED: dict[tuple[str, str], str] = {
    ("median", "nothing_is_confirmed_on_a_start_at_night"): CLOCKLESS,
    ("ihr", "the_outage_is_found"): WIDE,
    ("ihr", "a_total_outage_is_found"): WIDE,
    ("ihr", "a_long_outage_is_not_the_normal_within_days"): FORGETS,
    ("chocolatine", "the_outage_is_found"): CHANCE,
    ("chocolatine", "nothing_is_confirmed_on_a_start_at_night"): CHANCE,
    ("chocolatine", "a_level_shift_is_the_normal_in_the_end"): FOR_EVER,
    ("burst", "the_outage_is_found"): SAMPLED,
    ("burst", "nothing_is_confirmed_on_a_start_at_night"): SAMPLED,
    ("similar_days", "a_long_outage_is_not_the_normal_within_days"): TWICE,
}
