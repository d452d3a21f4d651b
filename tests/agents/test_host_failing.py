"""What a host does about a failure: a restart begins before it, and nothing of it is missing or counted twice."""

import pytest

from tests.agents.hosts import Changelog, Event, Worker, numbers, run


def test_a_message_that_its_stage_raised_on_is_in_no_snapshot_and_comes_again() -> None:
    async def story() -> None:
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
        await second.take(Event(2, b"3"), Event(3, b"4"))  # the bug is mended
        assert [output for output, _ in [*first.said, *second.said]] == [1, 3, 6, 10]

    run(story())


def test_what_was_not_saved_before_a_failure_is_not_saved_after_it() -> None:
    async def story() -> None:
        changelog, events = Changelog(), [Event(0, b"1"), Event(1, b"1300")]
        worker = Worker(changelog)
        with pytest.raises(ZeroDivisionError):
            await worker.take(*events)
        await worker.host.save_due(anyway=True)
        assert (changelog.written, [event.acked for event in events]) == ([], [False, False])

    run(story())


def test_an_output_that_the_broker_did_not_take_comes_after_a_restart() -> None:
    async def story() -> None:
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

    run(story())


def test_a_snapshot_that_the_broker_did_not_take_acknowledges_nothing_afterwards() -> None:
    async def story() -> None:
        changelog, events = Changelog(broken=0), numbers(0, 3)
        worker = Worker(changelog)
        await worker.take(*events)
        with pytest.raises(ConnectionError):
            await worker.host.save_due()
        changelog.broken = 10**9
        await worker.host.save_due(anyway=True)
        assert not any(event.acked for event in events)

    run(story())
