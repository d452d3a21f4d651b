"""What there is no all-clear for, in sentences."""

from pipeline.bins import DAY
from pipeline.explain.no_all_clear import days_elsewhere, mute, not_judged, plain
from pipeline.replay.coverage import NOT_SEEN, Observed, Silence
from tests.explain.shown import PK, T

HOUR = 3600


def silence(entity: str, *span: int, end: int | None = T + HOUR) -> Silence:
    start, until = span or (T, end)
    return Silence("traffic.radar", "country", entity, NOT_SEEN, start, until)


def test_places_of_the_same_signal_and_time_are_one_sentence() -> None:
    found = [silence("IQ"), silence("PK"), silence("VE", T, T + 2 * HOUR), silence("VE", T + DAY, T + DAY + HOUR)]
    assert list(not_judged([*found, silence("YE", end=None)], {})) == [
        "No all-clear for Iraq; Pakistan by traffic.radar: not seen from 2024-02-08 01:45 to 02:45 UTC.",
        "No all-clear for Venezuela by traffic.radar: not seen 2 times from 2024-02-08 01:45 to 02-09 02:45 UTC, "
        "3 h in all.",
        "No all-clear for Yemen by traffic.radar: not seen from 2024-02-08 01:45 UTC on.",
    ]
    assert plain(found)[0] == {
        "signal": "traffic.radar", "entity_type": "country", "entity": "IQ", "why": NOT_SEEN,
        "start": "2024-02-08T01:45:00Z", "end": "2024-02-08T02:45:00Z",
    }  # fmt: skip


def test_a_country_of_which_no_signal_said_anything_is_named() -> None:
    assert list(mute([PK])) == ["Nothing is known of Pakistan: no signal ever said anything."]


def test_a_mistyped_year_of_a_day_that_matters_is_told() -> None:
    seen = Observed(T, T + DAY)
    assert len(list(days_elsewhere(["PK 2023-02-08"], seen))) == 1
    assert not list(days_elsewhere(["PK 2023-02-08", "PK 2024-02-08"], seen))
    assert not list(days_elsewhere([], seen))
