"""Missing heartbeats: who is dead, and who is only quiet, or a recording."""

from dataclasses import replace

import pytest

from pipeline.agents.liveness import LINGER, Liveness
from pipeline.bins import NEVER
from pipeline.records import DEAD, END, UP, Bins, Heartbeat, Run
from pipeline.signals.binning import BinStage, FeedStatus
from pipeline.signals.series import Series

LIVE = Run("live", "live", ("bgp.ris", "probing.ioda"))
BEAT = Heartbeat(LIVE, "table", 0, 600, UP, ("bgp.ris",))


def stage(*beats: Heartbeat) -> BinStage:
    made = BinStage(0, Series)
    for beat in beats:
        made.step(beat)
    return made


def missing(pulse: Liveness, at: BinStage, now: float) -> list[Heartbeat]:
    return pulse.missing([("table", 0, at)], now)


def test_a_feed_whose_heartbeats_are_missing_is_dead_from_where_it_was_last_heard() -> None:
    pulse, at = Liveness(silence=900), stage(BEAT)
    pulse.hear(BEAT, now=100)
    assert missing(pulse, at, 999) == []
    assert missing(pulse, at, 1000) == [replace(BEAT, status=DEAD)]


def test_it_is_told_once_and_again_only_after_another_silence() -> None:
    pulse, at = Liveness(silence=900), stage(BEAT)
    pulse.hear(BEAT, now=0)
    told = [now for now in range(0, 3000, 10) if missing(pulse, at, now)]
    assert told == [900, 1800, 2700]


def test_what_is_dead_already_or_has_ended_is_not_told() -> None:
    for last in (replace(BEAT, status=DEAD), replace(BEAT, status=END)):
        pulse = Liveness(silence=1)
        assert [missing(pulse, stage(BEAT, last), now) for now in (0, 100, 200)] == [[], [], []]


@pytest.mark.parametrize(("tense", "is_told"), [("live", True), ("drill", True), ("replay", False)])
def test_a_recording_is_never_dead(tense: str, is_told: bool) -> None:
    pulse, at = Liveness(silence=1), stage(replace(BEAT, run=LIVE._replace(tense=tense)))
    missing(pulse, at, 0)
    assert bool(missing(pulse, at, 100)) == is_told


def ended(told: list[Heartbeat]) -> list[Heartbeat]:
    return [beat for beat in told if beat.status == END]


@pytest.mark.parametrize(("tense", "ends"), [("live", 0), ("drill", 1), ("replay", 1)])
def test_a_run_that_must_have_been_killed_is_ended(tense: str, ends: int) -> None:
    beat = replace(BEAT, run=LIVE._replace(id="killed", tense=tense))
    pulse, at = Liveness(silence=900), stage(beat)
    pulse.hear(beat, now=0)
    assert not ended(missing(pulse, at, 900 + LINGER - 1))
    told = ended(missing(pulse, at, 900 + LINGER))
    assert told == [replace(beat, status=END)] * ends
    for end in told:
        at.step(end)
    assert bool(at.streams) == (not ends)
    assert not ended(missing(pulse, at, 9 * LINGER))


def test_a_feed_whose_turn_has_not_come_is_not_ended_while_another_of_the_run_goes_on() -> None:
    beat = replace(BEAT, run=LIVE._replace(id="long", tense="replay"))
    pulse, at = Liveness(silence=900, signals={"other": ("probing.ioda",)}), stage(beat)
    for now in range(0, 4 * LINGER, 600):
        pulse.hear(beat, now)
        assert pulse.missing([("table", 0, at), ("other", 0, BinStage(0, Series))], now + 1) == []
    told = pulse.missing([("table", 0, at), ("other", 0, BinStage(0, Series))], 6 * LINGER)
    assert [(end.feed, end.status) for end in told] == [("table", END), ("other", END)]


def test_a_worker_that_starts_in_the_midst_of_a_silence_waits_for_a_whole_one() -> None:
    pulse, at = Liveness(silence=900), stage(BEAT)
    assert missing(pulse, at, 5000) == []
    assert len(missing(pulse, at, 5900)) == 1


def test_a_feed_of_which_nothing_was_ever_heard_is_dead_too() -> None:
    pulse = Liveness(silence=900, signals={"ioda": ("probing.ioda", "bgp.ioda")})
    stages = [("table", 0, stage(BEAT)), ("ioda", 2, BinStage(2, Series))]
    pulse.missing(stages, 0)
    pulse.hear(BEAT, now=500)
    assert pulse.missing(stages, 900) == [Heartbeat(LIVE, "ioda", 2, NEVER, DEAD, ("probing.ioda",))]


def test_a_word_of_death_that_comes_behind_a_newer_heartbeat_counts_for_nothing() -> None:
    at = stage(BEAT, replace(BEAT, time=1200))
    assert at.step(replace(BEAT, status=DEAD)) == []
    assert not at.streams["live", "table"].dead


def test_the_first_partition_tells_when_a_feed_comes_to_life_dies_and_comes_back() -> None:
    at, other = stage(), BinStage(1, Series)
    beats = [BEAT, replace(BEAT, time=900), replace(BEAT, time=900, status=DEAD), replace(BEAT, time=1500)]
    told = [s for beat in beats for s in at.step(beat) if isinstance(s, FeedStatus)]
    assert [(s.status, s.since) for s in told] == [
        ("up", "1970-01-01T00:10:00Z"), ("dead", "1970-01-01T00:15:00Z"), ("up", "1970-01-01T00:25:00Z"),
    ]  # fmt: skip
    assert all(isinstance(s, Bins) for beat in beats for s in other.step(beat))
