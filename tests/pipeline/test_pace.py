"""A replay at a pace waits for its workers, and not for those that it was told to leave."""

from collections.abc import Iterator

from pipeline.bins import DAY
from pipeline.records import Heartbeat, Run
from pipeline.replay import Pace, paced

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
