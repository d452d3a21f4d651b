"""The parameters of the decision model: every number that decides, with its unit, reason and source."""

from dataclasses import dataclass, field
from typing import Any

YEAR = 365.25 * 24  # [h]


def number(default: Any, unit: str, reason: str, source: str) -> Any:
    """A parameter of the model."""
    return field(default=default, metadata={"unit": unit, "reason": reason, "source": source})


@dataclass(frozen=True)
class Model:
    """Rates are per year, durations in hours, losses are shares of the expected value."""

    outage_rate: float = number(1.0, "1/year", "outages of a place, routes fall in half of them", "SIGCOMM 2023")
    outage_hours: float = number(24.0, "h", "mean duration of an outage", "SIGCOMM 2023")
    change_rate: float = number(0.003, "1/h", "how often routes fall or return in an outage", "open cases")
    least: float = number(0.11, "share", "loss from which it is an outage", "open cases")
    off_rate: float = number(0.25, "1/year", "failures of one series by itself", "open cases")
    off_hours: float = number(0.8, "h", "mean duration of such a failure", "open cases")
    late: float = number(0.2, "share", "signals that miss the beginning or the end of an outage", "open cases")
    blind_hours: float = number(12.0, "h", "how long they do not see it", "open cases")
    late_hours: float = number(1.0, "h", "how late they are", "open cases")
    quiet_rates: tuple[float, float, float, float] = number(
        (5.0, 20.0, 30.0, 30.0),
        "1/year",
        "quiet days of people: workday, weekend, holiday, long holiday",
        "open cases",
    )
    quiet_hours: tuple[float, float] = number(
        (18.0, 240.0), "h", "their mean duration, and that of a long holiday", "open cases"
    )
    quiet_first: float = number(1.0, "", "how deep a quiet day is, before anything is known", "open cases")
    quiet_edge: float = number(0.06, "", "how much deeper than any before a quiet day may be", "open cases")
    moved_rate: float = number(1.0, "1/year", "changes of a series' level", "open cases")
    moved_most: float = number(0.2, "share", "most that such a change takes", "open cases")
    jump_rate: float = number(0.15, "1/h", "changes of depth in an outage", "open cases")
    # parts and feeds
    fallen: float = number(
        0.8, "share", "parts that fall when their country is out", "three of four in Pakistan, 8 February 2024"
    )
    stagger_hours: float = number(0.75, "h", "within which they do", "Pakistan, 8 February 2024")
    company: int = number(5, "places", "places that show what a feed or a country does", "open cases")
    feed_rate: float = number(240.0, "1/year", "common steps of all series of a feed", "control-britain")
    feed_size: float = number(0.03, "share", "their mean size", "control-britain")
    feed_spread: float = number(0.1, "share", "how unlike they are from place to place", "control-britain")
    feed_hours: float = number(48.0, "h", "their mean duration", "control-britain")
    feed_broken: float = number(0.05, "share", "steps that are of any size", "open cases")
    feed_most: float = number(0.4, "share", "a feed that has lost so much is broken", "open cases")
    stuck_odds: float = number(1e-9, "probability", "a run of repeats less likely than this is no chance", "open cases")
    throttle_rate: float = number(0.2, "1/year", "throttlings of a place", "open cases")
    throttle_most: float = number(
        0.7, "share", "most that a throttling takes: what takes more is no slow Internet", "SIGCOMM 2023"
    )
    throttle_hours: float = number(1440.0, "h", "their mean duration", "open cases")
    slow_days: tuple[float, float] = number(
        (7.0, 42.0), "d", "age of the days that a daily mean is held against", "open cases"
    )
    slow_relearn_days: float = number(180.0, "d", "a throttling that has lasted so long is the new level", "open cases")
    # noise
    noise_first: float = number(0.15, "share", "noise before anything is known", "open cases")
    memory_bins: float = number(24.0, "bins", "how much past that memory is worth", "open cases")
    noise_floor: float = number(0.004, "share", "least noise", "open cases")
    noise_hours: float = number(
        1.0, "h", "memory of the noise, worth of that guess, and past before routes and Atlas count", "open cases"
    )
    noise_days: float = number(7.0, "d", "memory of the learnt noise", "open cases")
    surest: float = number(5.0, "log-odds", "how sure it can be that the noise of a series is normal", "open cases")
    fresh: float = number(0.2, "share", "bins whose noise does not follow from the bin before", "open cases")
    few: float = number(30.0, "", "counts a bin, below which they are taken as such", "open cases")
    lag_hours: float = number(
        4.0, "h", "a bin is learnt so much later, and a quiet day is then as deep as any", "myanmar-2021-nights"
    )
    warm_hours: float = number(24.0, "h", "past before anything is said of what has a day", "open cases")
    relearn_days: float = number(28.0, "d", "a loss that has lasted so long is the new level", "open cases")
    # decision
    suspect: float = number(0.5, "probability", "suspected from here", "chosen")
    confirm: float = number(0.95, "probability", "confirmed from here", "chosen")
    over: float = number(0.1, "probability", "over below this", "chosen")
    merge_hours: float = number(0.5, "h", "one outage across recoveries shorter than this", "open cases")
