"""A worker is killed in an outage of which slow signals come late: it ends as it would have ended without that."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from pipeline import topics
from pipeline.bins import DAY, NEVER
from pipeline.codec import outage_json
from pipeline.engine import Engine
from pipeline.feeds import Dispatch, chunks
from pipeline.fusion import Provisional
from pipeline.records import Frame, Heartbeat, Outage, Progress, Run
from pipeline.replay.reconstruction import reconstruct
from pipeline.replay.report import through_memory
from tests.fusion.arrivals import DELAYS, MADE_OF, MIDNIGHT, QUICK
from tests.live.test_recovery import killed, revisions
from tests.replay.runners import sent
from tests.replay.tapes import Tape

pytestmark = [pytest.mark.sockets, pytest.mark.slow]

HOUR = 3600
PAST = 3
"""Days before the day of the outage."""

SIGNALS = {"table": QUICK, "ioda-bgp": ("bgp.ioda",), "ioda-google": ("traffic.google",)}
"""Signals by feed; each feed has a delay of its own."""

SLOWEST = max(DELAYS.values())


@dataclass
class Arriving(Tape):
    """Frames and when each of them comes [s]; sent up to four hours ahead of what can be settled."""

    at: tuple[int, ...] = ()
    reached: int = NEVER
    sleep: Callable[[float], Any] = time.sleep

    def under(self, name: str) -> "Arriving":
        return replace(self, **vars(super().under(name)))

    def __iter__(self) -> Iterator[Any]:
        for at, frame in zip(self.at, self.sent, strict=True):
            while at > MIDNIGHT and self.reached < at - SLOWEST - 4 * HOUR:
                if self.sleep(0.02):
                    return
            yield frame


def election_day(delays: dict[str, int]) -> Arriving:
    """The demonstration's day until all is back, hour by hour, after its past; a signal may come later [s]."""
    made = {rows.signal: rows.take(rows.time >= MIDNIGHT - PAST * DAY) for rows in reconstruct(seed=3).rows}
    run, arrivals = Run("day", "live", tuple(sorted(DELAYS)), MIDNIGHT), list[tuple[int, Frame]]()
    for feed, signals in SIGNALS.items():
        series = [replace(made[MADE_OF.get(signal, signal)], signal=signal) for signal in signals]
        past = [rows.take(rows.time < MIDNIGHT) for rows in series]
        day = [rows.take((rows.time >= MIDNIGHT) & (rows.time < MIDNIGHT + 17 * HOUR)) for rows in series]
        at = NEVER
        for frame in Dispatch(run, feed, signals).frames([*chunks(past), *chunks(day, HOUR)]):
            if isinstance(frame, Heartbeat):
                at = frame.time + (delays.get(signals[0], 0) if frame.time > MIDNIGHT else 0)
            arrivals.append((at, frame))
    arrivals.sort(key=lambda one: one[0])
    return Arriving(run, [frame for _, frame in arrivals], tuple(at for at, _ in arrivals))


def in_memory(tape: Tape) -> tuple[list[bytes], list[bytes]]:
    """The record, and every revision of what is known by now, of a day on which no worker is killed."""
    record, now = list[bytes](), list[bytes]()

    def see(output: Any) -> None:
        if isinstance(output, Outage):
            record.append(outage_json(output))
        elif isinstance(output, Provisional):
            now.append(outage_json(output.outage, settled=output.settled))

    through_memory(tape.sent, Engine(), tape.run, see)
    return record, now


def published(broker: str, topic: topics.Topic) -> list[bytes]:
    """Every revision in order; one that came again is there once, unless it differs."""
    return [content for contents in revisions(broker, topic).values() for content in contents]


def known(now: list[bytes]) -> set[tuple[str, ...]]:
    """What people know in the end of the outages that they were told of.

    The id by which they know one depends on which signal came first, but stays, whatever happens.
    """
    told = [msgspec.json.decode(content) for content in now]
    last = {one["id"]: one for one in told}
    confirmed = {one["id"] for one in told if one["state"] == "confirmed"}
    assert confirmed == {id_ for id_, one in last.items() if one["state"] != "retracted"}
    assert len({(one["id"], one["revision"]) for one in told}) == len(told)
    fields = ("settled", "entity", "state", "kind", "start", "end", "confirmed_at")
    return {tuple(last[id_][field] for field in fields) for id_ in confirmed}


def test_a_worker_that_is_killed_while_slow_signals_are_awaited_changes_nothing(broker, worker_at):
    worker, struck = worker_at(broker, "--feed", "ioda-bgp", "--feed", "ioda-google"), list[int]()

    def strike(output: Any) -> None:
        if isinstance(output, Progress) and output.watermark >= MIDNIGHT + 5 * HOUR and not struck:
            struck.append(output.watermark)
            killed(worker)

    day = election_day(DELAYS)
    finished, (record, now) = in_memory(election_day({})), in_memory(day)
    sent(day, broker, strike, worker.check)
    assert struck[0] < MIDNIGHT + 15 * HOUR, "the phones are still off"
    assert published(broker, topics.OUTAGES) == record == finished[0]
    found = known(published(broker, topics.NOW))
    assert found == known(now)
    ended = {entity for _, entity, state, *_ in found if state == "ended"}
    assert ended == {"PK", "AS24499", "AS45669", "AS59257"}
