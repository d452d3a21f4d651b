"""What hosts a stage: nothing acknowledged before it is safe, nothing counted twice, nothing lost unseen."""

import contextlib

import pytest

from pipeline.agents.snapshots import CHUNK, Mark, Snapshots
from pipeline.kafka.reader import HEADER, Origins, origin
from pipeline.records import DeadLetter
from pipeline.topics import GROUP
from tests.agents.hosts import Changelog, Event, Worker, numbers, run, table


def test_a_message_is_acknowledged_once_a_snapshot_holds_it() -> None:
    async def story() -> None:
        worker, events = Worker(Changelog()), numbers(0, 3)
        await worker.take(*events)
        assert not any(event.acked for event in events)
        await worker.host.save_due()
        assert all(event.acked for event in events)
        assert all(event.value is None for event in events)  # nothing of it is kept in memory

    run(story())


def test_a_worker_that_died_goes_on_as_if_it_had_not() -> None:
    async def story() -> None:
        changelog, whole = Changelog(), Worker(Changelog())
        await whole.take(*numbers(0, 10))
        first = Worker(changelog)
        await first.take(*numbers(0, 4))
        await first.host.save_due()
        await first.take(*numbers(4, 7))
        second = Worker(changelog)
        await second.take(*numbers(2, 10))  # from the last acknowledged offset, some of it known
        origins, heard = Origins(), []
        for output, source in [*first.said, *second.said]:
            if not origins.again({HEADER: source}):
                heard.append((output, source))
        assert heard == whole.said

    run(story())


@pytest.mark.parametrize("broken", range(1, 8))
def test_a_snapshot_that_was_not_finished_is_never_read(broken: int) -> None:
    async def story() -> None:
        changelog, states = Changelog(), [b"a" * 3 * CHUNK, b"b" * 2 * CHUNK]
        await Snapshots(table(changelog), "first").save(0, Mark(1), states[0])
        changelog.broken = len(changelog.written) + broken
        with contextlib.suppress(ConnectionError):
            await Snapshots(table(changelog), "second").save(0, Mark(2), states[1])
        found = Snapshots(table(changelog)).load(0)
        assert found is not None
        assert found == (Mark(found[0].offset), states[found[0].offset - 1])
        assert (found[0].offset == 2) == (broken >= 3)

    run(story())


def test_a_worker_that_lost_its_partition_spoils_nothing_by_writing_on() -> None:
    async def story() -> None:
        changelog = Changelog()
        held_up = Snapshots(table(changelog), "held-up")
        await held_up.save(0, Mark(10), b"ten")
        heir = Snapshots(table(changelog), "heir")
        await heir.save(0, Mark(20), b"twenty")
        await held_up.save(0, Mark(12), b"twelve")
        assert Snapshots(table(changelog)).load(0) == (Mark(20), b"twenty")

    run(story())


def test_what_earlier_owners_left_is_deleted() -> None:
    async def story() -> None:
        changelog = Changelog()
        for i in range(5):
            await Snapshots(table(changelog), f"worker{i}").save(0, Mark(i), b"state")
        assert {key.decode().split("/")[1] for key in changelog.recovered()} == {"worker4-0"}

    run(story())


def test_what_a_source_says_again_is_passed_over() -> None:
    async def story() -> None:
        worker = Worker(Changelog())
        sources = [origin("bin", 2, offset, 0) for offset in (5, 6, 5, 6, 7)]
        await worker.take(*[Event(i, b"1", {HEADER: source}) for i, source in enumerate(sources)])
        assert [output for output, _ in worker.said] == [1, 2, 3]

    run(story())


def test_what_is_meant_for_other_workers_is_passed_over() -> None:
    async def story() -> None:
        worker, own = Worker(Changelog()), Worker(Changelog())
        own.host.address = {GROUP: b"netvigil-own-1"}
        for one in (worker, own):
            await one.take(
                Event(0, b"1"), Event(1, b"10", {GROUP: b"netvigil-own-1"}), Event(2, b"rubbish", {GROUP: b"another"})
            )
        assert [said for said, _ in worker.said] == [1]
        assert [said for said, _ in own.said] == [10]
        assert worker.host.hosted[0].offset == own.host.hosted[0].offset == 2

    run(story())


def test_what_a_source_said_before_a_restart_is_known_after_it() -> None:
    async def story() -> None:
        changelog = Changelog()
        first = Worker(changelog)
        await first.take(Event(0, b"1", {HEADER: origin("bin", 2, 5, 0)}))
        await first.host.save_due()
        second = Worker(changelog)
        await second.take(Event(1, b"1", {HEADER: origin("bin", 2, 5, 0)}))
        assert second.said == []

    run(story())


def test_a_message_that_is_no_frame_becomes_a_dead_letter_and_the_stream_goes_on() -> None:
    async def story() -> None:
        worker = Worker(Changelog())
        await worker.take(Event(0, b"1"), Event(1, b"rubbish"), Event(2, b"2"))
        (first, letter, last) = [output for output, _ in worker.said]
        assert (first, last) == (1, 3)
        assert isinstance(letter, DeadLetter)
        assert (letter.feed, letter.reason, letter.place) == ("path", "bad-frame", "numbers/0/1 in sum")

    run(story())


def test_a_dead_letter_that_a_stage_says_again_after_a_restart_is_known_as_a_repetition() -> None:
    async def story() -> None:
        changelog, origins = Changelog(), Origins()
        letters = []
        for _ in range(2):  # the first worker dies before it has saved anything
            worker = Worker(changelog)
            await worker.take(Event(0, b"1"), Event(1, b"rubbish"), Event(2, b"rubbish"))
            letters += [source for output, source in worker.said if isinstance(output, DeadLetter)]
        assert [origins.again({HEADER: source}) for source in letters] == [False, False, True, True]

    run(story())


def test_messages_that_the_broker_kept_too_short_are_a_dead_letter() -> None:
    async def story() -> None:
        changelog = Changelog()
        first = Worker(changelog)
        await first.take(*numbers(0, 3))
        await first.host.save_due()
        second = Worker(changelog)
        await second.take(*numbers(7, 8))
        assert [o.detail for o, _ in second.said if isinstance(o, DeadLetter)] == ["messages 3 to 6 of numbers/0"]

    run(story())


def test_a_hole_in_the_midst_of_the_work_ends_the_worker() -> None:
    async def story() -> None:
        worker = Worker(Changelog())
        await worker.take(*numbers(0, 3))
        with pytest.raises(RuntimeError, match="messages 3 to 6 of numbers/0 did not come"):
            await worker.take(*numbers(7, 8))

    run(story())


def test_a_snapshot_is_due_when_too_much_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.agents.host.UNSAVED", 10)

    async def story() -> None:
        worker, events = Worker(Changelog()), numbers(0, 25)
        await worker.take(*events)
        assert [event.acked for event in events] == [True] * 20 + [False] * 5

    run(story())


def test_what_a_stage_makes_after_it_was_taken_away_is_not_saved() -> None:
    async def story() -> None:
        changelog = Changelog()
        worker = Worker(changelog)
        await worker.take(*numbers(0, 3))
        hosted = worker.host.host(0)
        worker.host.forget()
        await worker.host.save(0, hosted)
        assert changelog.written == []

    run(story())
