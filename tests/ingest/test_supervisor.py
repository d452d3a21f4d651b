"""The supervisor: one client that fails neither stops another nor its own heartbeats, and is started again."""

import asyncio
import itertools
import logging

import numpy as np
import pytest

from pipeline.bins import DAY, NEVER
from pipeline.errors import DecodeError
from pipeline.feeds.live.base import FeedError, Outlet
from pipeline.ingest.outlet import SendError, Sent
from pipeline.ingest.supervisor import FETCHING, Pauses
from pipeline.records import DEAD, PAST, UP, Heartbeat
from tests.ingest.scripted import RUN, START, Scripted, Sink, rows, stays, supervise


async def refuses(outlet: Outlet) -> None:
    raise FeedError("no answer from 192.0.2.1")


async def breaks(outlet: Outlet) -> None:
    raise ZeroDivisionError


async def hangs(outlet: Outlet) -> None:
    await asyncio.sleep(3600)


def test_records_have_the_run_and_are_split_and_damage_is_a_dead_letter() -> None:
    async def gives(outlet: Outlet) -> None:
        damage, unsound = DecodeError("a", "bad-json", "poll 1", "half a body"), rows(START)
        await outlet.put([rows(START - 600), damage, unsound.take(np.array([0]))])
        await stays(outlet)

    sink = supervise(Scripted("a", [gives]), minutes=1)
    found = sink.batches("a")
    assert {(batch.run, batch.feed) for batch in found} == {(RUN, "a")}
    assert sum(map(len, found)) == 3
    assert sorted({batch.partition for batch in found}) == [1, 3]
    assert [(letter.run, letter.reason, letter.detail) for letter in sink.letters("a")] == [
        ("live", "bad-json", "half a body")
    ]


def test_a_heartbeat_of_every_partition_comes_each_minute_and_moves_nothing_by_itself() -> None:
    sink = supervise(Scripted("a", [stays], patience=1e6), minutes=10)
    found = [beat for beat in sink.sent if isinstance(beat, Heartbeat)]
    assert {(beat.time, beat.status, beat.signals) for beat in found} == {(START - 600, UP, RUN.signals)}
    assert all(sum(beat.partition == partition for beat in found) >= 10 for partition in range(4))


def test_event_time_neither_goes_back_nor_ahead_of_the_clock() -> None:
    async def errs(outlet: Outlet) -> None:
        for time in (START - 600, START - 1200, START + 10 * DAY):
            await outlet.beat(time)
        await hangs(outlet)

    found = [beat.time for beat in supervise(Scripted("a", [errs]), minutes=0.5).beats("a")]
    assert found[:2] == [START - 600, START - 600]
    assert START <= found[2] < START + 60


def test_a_feed_that_does_not_answer_is_dead_with_the_reason_and_up_again_by_itself_and_the_other_goes_on() -> None:
    never, other = Scripted("a", [refuses, refuses, stays]), Scripted("b", [stays])
    sink = supervise(never, other, minutes=3)
    assert sink.told("a") == [(DEAD, "no answer from 192.0.2.1"), (UP, "")]
    assert sink.told("b") == [(UP, "")]
    assert other.listened == 1


def test_a_feed_whose_values_can_be_asked_again_may_fail_for_less_than_a_minute() -> None:
    async def once(outlet: Outlet) -> None:
        await outlet.beat(START - 600)
        raise FeedError("it answers 500")

    assert supervise(Scripted("a", [once, refuses, stays]), minutes=3).told("a") == [(UP, "")]
    told = supervise(Scripted("a", [once, refuses]), minutes=3).told("a")
    assert told == [(UP, ""), (DEAD, "no answer from 192.0.2.1")]
    assert supervise(Scripted("rislive", [once, stays]), minutes=1).told("rislive")[1] == (DEAD, "it answers 500")


def test_a_feed_that_says_when_it_may_be_asked_again_is_not_asked_before() -> None:
    async def blocks(outlet: Outlet) -> None:
        await outlet.beat(START - 600)
        raise FeedError("it answers 429", after=1200)

    client = Scripted("a", [blocks, stays])
    assert supervise(client, minutes=18).told("a") == [(UP, ""), (DEAD, "it answers 429")]
    assert client.listened == 1
    assert supervise(Scripted("a", [blocks, stays]), minutes=25).told("a")[2:] == [(UP, "")]


def test_a_client_that_gives_nothing_for_its_patience_is_started_again() -> None:
    client = Scripted("a", [hangs, stays], patience=300)
    sink = supervise(client, minutes=8)
    assert sink.told("a") == [(DEAD, "nothing came for 5 minutes"), (UP, "")]
    assert client.listened == 2


def test_a_fault_of_a_client_is_logged_once_with_its_trace_and_the_client_is_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        sink = supervise(Scripted("a", [breaks, breaks, stays]), minutes=2)
    (record,) = [record for record in caplog.records if record.name.startswith("pipeline")]
    assert record.exc_info
    assert [status for status, _ in sink.told("a")] == [DEAD, UP]
    assert "ZeroDivisionError" in sink.told("a")[0][1]


def test_the_past_comes_first_in_order_of_event_time_side_by_side() -> None:
    def past(start: int, end: int) -> list[object]:
        return [rows(time) for time in range(start // 600 * 600 + 600, end, 600 * 100)]

    clients = [Scripted(feed, [stays], past) for feed in ("a", "b")]
    sink = supervise(*clients, minutes=1)
    (asked,) = clients[0].asked
    assert asked[1] - asked[0] == 28 * DAY
    times = {feed: [int(batch.time[0]) for batch in sink.batches(feed)] for feed in ("a", "b")}
    assert times["a"] == times["b"] == sorted(times["a"])
    assert len(set(times["a"])) > 40
    order = [int(f.time[0]) for f in sink.sent if not isinstance(f, Heartbeat)]
    assert max(before - after for before, after in itertools.pairwise(order)) <= DAY + 600 * 100
    marks = [beat.time for beat in sink.beats("a")]
    assert marks == sorted(marks)
    assert marks[0] == times["a"][0]


def test_a_past_that_fails_holds_no_other_and_is_fetched_later_from_where_it_broke_off() -> None:
    broken: list[int] = []

    def fails(start: int, end: int) -> "list[object]":
        broken.append(start)
        yield rows(start + 600)
        if len(broken) == 1:
            raise FeedError("it answers 500")

    client, other = Scripted("a", [stays], fails), Scripted("b", [stays], lambda start, end: [rows(end - 1200)])
    sink = supervise(client, other, minutes=3)
    assert broken[1] == broken[0] + 600
    assert client.listened == other.listened == 1
    assert sink.told("b") == [(PAST, ""), (UP, "")]


def test_a_past_that_hangs_is_not_waited_for() -> None:
    class Slow(Scripted):
        async def history(self, start: int, end: int):
            await asyncio.sleep(3600)
            yield rows(start)

    sink = supervise(Slow("a", [stays], patience=1e6), Scripted("b", [stays]), minutes=20, pauses=Pauses(past=0.2))
    assert sink.told("a") == [(DEAD, FETCHING)]
    assert sink.beats("a")[0].time == NEVER
    assert sink.told("b") == [(UP, "")]


def test_what_kafka_refuses_ends_it() -> None:
    class Full(Sink):
        async def __call__(self, frames: list[Sent]) -> None:
            raise SendError("the broker did not take a message")

    with pytest.raises(SendError, match="did not take"):
        supervise(Scripted("a", [stays]), minutes=5, sink=Full())
