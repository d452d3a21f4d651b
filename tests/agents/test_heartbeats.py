"""Missing heartbeats: which feeds are dead, and which are quiet, or of a recording."""

from dataclasses import replace

import pytest

from pipeline.agents.heartbeats import LINGER, Liveness
from pipeline.bins import NEVER
from pipeline.records import DEAD, END, UP, Heartbeat, Run
from pipeline.signals.binning import BinStage
from pipeline.signals.series import Series

LIVE = Run("live", "live", ("bgp.ris", "probing.ioda"))
BEAT = Heartbeat(LIVE, "table", 0, 600, UP, ("bgp.ris",))


def stage(*beats: Heartbeat) -> BinStage:
    made = BinStage(0, Series)
    for beat in beats:
        made.step(beat)
    return made


def missing(liveness: Liveness, at: BinStage, now: float) -> list[Heartbeat]:
    return liveness.missing([("table", 0, at)], now)


def test_a_feed_whose_heartbeats_are_missing_is_dead_from_where_it_was_last_heard() -> None:
    liveness, at = Liveness(silence=900), stage(BEAT)
    liveness.hear(BEAT, now=100)
    assert missing(liveness, at, 999) == []
    assert missing(liveness, at, 1000) == [replace(BEAT, status=DEAD, reason="no heartbeat of it came for 15 minutes")]


def test_it_is_told_once_and_again_only_after_another_silence() -> None:
    liveness, at = Liveness(silence=900), stage(BEAT)
    liveness.hear(BEAT, now=0)
    told = [now for now in range(0, 3000, 10) if missing(liveness, at, now)]
    assert told == [900, 1800, 2700]


def test_a_worker_that_starts_in_a_silence_waits_before_it_declares_the_feed_dead() -> None:
    liveness, at = Liveness(silence=900), stage(BEAT)
    assert [now for now in (50_000, 50_899, 50_900) if missing(liveness, at, now)] == [50_900]


def test_what_is_dead_already_or_has_ended_is_not_told() -> None:
    for last in (replace(BEAT, status=DEAD), replace(BEAT, status=END)):
        liveness = Liveness(silence=1)
        assert [missing(liveness, stage(BEAT, last), now) for now in (0, 100, 200)] == [[], [], []]


@pytest.mark.parametrize(("tense", "is_told"), [("live", True), ("drill", True), ("replay", False)])
def test_a_recording_is_never_dead(tense: str, is_told: bool) -> None:
    liveness, at = Liveness(silence=1), stage(replace(BEAT, run=LIVE._replace(tense=tense)))
    missing(liveness, at, 0)
    assert bool(missing(liveness, at, 100)) == is_told


def ended(told: list[Heartbeat]) -> list[Heartbeat]:
    return [beat for beat in told if beat.status == END]


@pytest.mark.parametrize(("tense", "ends"), [("live", 0), ("drill", 1), ("replay", 1)])
def test_a_run_that_must_have_been_killed_is_ended(tense: str, ends: int) -> None:
    beat = replace(BEAT, run=LIVE._replace(id="killed", tense=tense))
    liveness, at = Liveness(silence=900), stage(beat)
    liveness.hear(beat, now=0)
    assert not ended(missing(liveness, at, 900 + LINGER - 1))
    told = ended(missing(liveness, at, 900 + LINGER))
    assert told == [replace(beat, status=END)] * ends
    for end in told:
        at.step(end)
    assert bool(at.streams) == (not ends)
    assert not ended(missing(liveness, at, 9 * LINGER))


def test_a_feed_whose_turn_has_not_come_is_not_ended_while_another_of_the_run_goes_on() -> None:
    beat = replace(BEAT, run=LIVE._replace(id="long", tense="replay"))
    liveness, at = Liveness(silence=900, signals={"other": ("probing.ioda",)}), stage(beat)
    for now in range(0, 4 * LINGER, 600):
        liveness.hear(beat, now)
        assert liveness.missing([("table", 0, at), ("other", 0, BinStage(0, Series))], now + 1) == []
    told = liveness.missing([("table", 0, at), ("other", 0, BinStage(0, Series))], 6 * LINGER)
    assert [(end.feed, end.status) for end in told] == [("table", END), ("other", END)]


def test_a_feed_that_never_gave_a_heartbeat_is_dead_too() -> None:
    liveness = Liveness(silence=900, signals={"ioda": ("probing.ioda", "bgp.ioda")})
    stages = [("table", 0, stage(BEAT)), ("ioda", 2, BinStage(2, Series))]
    liveness.missing(stages, 0)
    liveness.hear(BEAT, now=500)
    assert liveness.missing(stages, 900) == [
        Heartbeat(LIVE, "ioda", 2, NEVER, DEAD, ("probing.ioda",), reason="no heartbeat of it came for 15 minutes")
    ]


def test_a_status_of_dead_behind_a_newer_heartbeat_is_ignored() -> None:
    at = stage(BEAT, replace(BEAT, time=1200))
    assert at.step(replace(BEAT, status=DEAD)) == []
    assert not at.streams["live", "table"].dead
