"""What hosts a stage: nothing is acknowledged before it is safe, counted twice, or lost without a report."""

import pytest

from pipeline.agents.host import UNSAVED
from pipeline.kafka.reader import HEADER, Origins, origin
from pipeline.records import DeadLetter
from pipeline.topics import GROUP
from tests.agents.hosts import Changelog, Event, Worker, numbers, played


@played
async def test_a_message_is_acknowledged_once_a_snapshot_has_it() -> None:
    worker, events = Worker(Changelog()), numbers(0, 3)
    await worker.take(*events)
    assert not any(event.acked for event in events)
    await worker.host.save_due()
    assert all(event.acked for event in events)
    assert all(event.value is None for event in events)  # nothing of it is kept in memory


@played
async def test_a_worker_that_died_goes_on_as_if_it_had_not() -> None:
    changelog, whole = Changelog(), Worker(Changelog())
    await whole.take(*numbers(0, 10))
    first = Worker(changelog)
    await first.take(*numbers(0, 4))
    await first.host.save_due()
    await first.take(*numbers(4, 7))
    second = Worker(changelog)
    await second.take(*numbers(2, 10))  # from the last acknowledged offset, some of it in the snapshot
    origins = Origins()
    heard = [pair for pair in [*first.said, *second.said] if not origins.again({HEADER: pair[1]})]
    assert heard == whole.said


@played
async def test_repeated_messages_and_those_for_other_workers_are_passed_over() -> None:
    changelog = Changelog()
    worker, own = Worker(changelog), Worker(Changelog())
    sources = [origin("bin", 2, offset, 0) for offset in (5, 6, 5, 6, 7)]
    await worker.take(*[Event(i, b"1", {HEADER: source}) for i, source in enumerate(sources)])
    assert [output for output, _ in worker.said] == [1, 2, 3]
    await worker.host.save_due()
    second = Worker(changelog)
    await second.take(Event(5, b"1", {HEADER: sources[-1]}))
    assert second.said == []
    own.host.address = {GROUP: b"netvigil-own-1"}
    for one in (second, own):
        await one.take(
            Event(6, b"1"), Event(7, b"10", {GROUP: b"netvigil-own-1"}), Event(8, b"rubbish", {GROUP: b"another"})
        )
    assert [said for said, _ in second.said] == [4]
    assert [said for said, _ in own.said] == [10]


@played
async def test_a_message_that_is_no_frame_becomes_a_dead_letter_once_and_the_stream_goes_on() -> None:
    changelog, origins, repeated = Changelog(), Origins(), []
    for _ in range(2):  # the first worker dies before it has saved anything
        worker = Worker(changelog)
        await worker.take(Event(0, b"1"), Event(1, b"rubbish"), Event(2, b"2"))
        ((first, _), (letter, source), (last, _)) = worker.said
        assert (first, last) == (1, 3)
        assert isinstance(letter, DeadLetter)
        assert (letter.feed, letter.reason, letter.place) == ("path", "bad-frame", "numbers/0/1 in sum")
        repeated.append(origins.again({HEADER: source}))
    assert repeated == [False, True]


@played
async def test_messages_that_the_broker_kept_too_short_are_a_dead_letter_and_a_hole_ends_the_worker() -> None:
    changelog = Changelog()
    first = Worker(changelog)
    await first.take(*numbers(0, 3))
    await first.host.save_due()
    second = Worker(changelog)
    await second.take(*numbers(7, 8))
    assert [o.detail for o, _ in second.said if isinstance(o, DeadLetter)] == ["messages 3 to 6 of numbers/0"]
    with pytest.raises(RuntimeError, match="messages 8 to 9 of numbers/0 did not come"):
        await second.take(*numbers(10, 11))


@played
async def test_a_message_on_which_its_stage_raised_is_in_no_snapshot_and_comes_again() -> None:
    changelog, events = Changelog(), [Event(i, b"%d" % n) for i, n in enumerate((1, 2, 1300, 4))]
    first = Worker(changelog)
    await first.take(*events[:2])
    await first.host.save_due()
    with pytest.raises(ZeroDivisionError):
        await first.take(events[2])
    await first.take(events[3])  # Faust goes on until the application has stopped
    await first.host.save_due(anyway=True)
    assert [event.acked for event in events] == [True, True, False, False]
    second = Worker(changelog)
    await second.take(Event(2, b"3"), Event(3, b"4"))  # without the bug
    assert [output for output, _ in [*first.said, *second.said]] == [1, 3, 6, 10]


@played
async def test_an_output_that_the_broker_did_not_take_comes_after_a_restart() -> None:
    changelog, events = Changelog(), numbers(0, 5)
    first = Worker(changelog, lost=6)
    await first.take(*events[:3])
    with pytest.raises(ConnectionError):
        await first.host.save_due(anyway=True)
    await first.take(*events[3:])
    await first.host.save_due(anyway=True)  # as Faust's shutdown does
    assert (changelog.written, any(event.acked for event in events)) == ([], False)
    second = Worker(changelog)
    await second.take(*numbers(0, 5))
    assert [output for output, _ in second.said] == [1, 3, 6, 10, 15]


@played
async def test_a_snapshot_that_the_broker_did_not_take_acknowledges_nothing() -> None:
    changelog, events = Changelog(broken=0), numbers(0, 3)
    worker = Worker(changelog)
    await worker.take(*events)
    with pytest.raises(ConnectionError):
        await worker.host.save_due()
    changelog.broken = 10**9
    await worker.host.save_due(anyway=True)
    assert not any(event.acked for event in events)


@played
async def test_a_partition_that_was_lost_is_not_saved() -> None:
    changelog, events = Changelog(), numbers(0, 3)
    worker = Worker(changelog)
    await worker.take(*events)
    hosted = worker.host.host(0)
    worker.host.forget()
    await worker.host.save(0, hosted)
    assert (changelog.written, any(event.acked for event in events)) == ([], False)


@played
async def test_a_snapshot_is_made_at_once_when_too_many_messages_wait_for_it() -> None:
    worker, events = Worker(Changelog()), [Event(i, b"1") for i in range(2 * UNSAVED + 5)]
    await worker.take(*events)
    assert [event.acked for event in events] == [True] * 2 * UNSAVED + [False] * 5
