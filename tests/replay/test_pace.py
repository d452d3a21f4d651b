"""A replay at a pace waits for its workers, and not for those that it was told to leave."""

from collections.abc import Iterator
from itertools import pairwise

from pipeline.bins import DAY
from pipeline.records import Heartbeat, Run
from pipeline.replay.playback import Pace, paced

RUN = Run("r", "replay", ("bgp.ris",))
PACE = Pace(DAY, since=10 * DAY)


def beats() -> Iterator[Heartbeat]:
    return (Heartbeat(RUN, "table", 0, day * DAY) for day in (9, 10, 11))


def test_a_pace_waits_until_the_workers_are_where_it_begins() -> None:
    slept: list[float] = []
    stream = paced(beats(), PACE, lambda: 9 * DAY if len(slept) > 3 else 0, lambda: 0.0, slept.append)
    assert len(list(stream)) == 3
    assert slept == [0.05] * 4 + [0.0, 1.0]


def test_a_pace_that_is_told_to_stop_waits_for_nobody() -> None:
    slept: list[float] = []

    def told_to_stop(seconds: float) -> bool:
        slept.append(seconds)
        assert len(slept) < 10
        return True

    assert len(list(paced(beats(), PACE, lambda: 0, lambda: 0.0, told_to_stop))) == 3


def test_a_feed_of_coarse_bins_stays_alive_while_a_pace_waits() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    hours = [Heartbeat(RUN, "table", part, hour * 3600) for hour in (1, 2) for part in (0, 1)]
    heard: dict[int, list[float]] = {0: [], 1: []}
    played = []
    for beat in paced(iter(hours), Pace(1.0), lambda: 0, lambda: now[0], sleep):
        heard[beat.partition].append(now[0])
        played.append(beat)
    assert now[0] == 3600
    for times in heard.values():
        assert max(after - before for before, after in pairwise(times)) <= 60
    assert {beat.time for beat in played} == {3600, 7200}
    assert [beat.time for beat in played] == sorted(beat.time for beat in played)
