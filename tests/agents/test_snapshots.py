"""What is kept of a stage: read back whole, by whoever owns the partition, in the form in which it was written."""

import pytest

from detectors.median import Median
from pipeline.agents.host import Host
from pipeline.agents.snapshots import Mark, Snapshots
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from tests.agents.hosts import Changelog, Event, Sum, run, table


def test_a_snapshot_of_another_form_is_refused_in_a_sentence_that_says_what_to_do() -> None:
    async def story() -> None:
        changelog = Changelog()
        await Snapshots(table(changelog), form="1 seasonal").save(2, Mark(5), b"state")
        with pytest.raises(UserError, match=r"of stage sums, partition 2, .* another --group NAME") as refused:
            Snapshots(table(changelog), form="1 median").load(2)
        assert "\n" not in str(refused.value)
        assert Snapshots(table(changelog), form="1 seasonal").load(2) == (Mark(5), b"state")

    run(story())


def test_nothing_is_made_of_messages_behind_a_snapshot_that_was_refused() -> None:
    async def story() -> None:
        changelog = Changelog()
        await Snapshots(table(changelog), form="1").save(0, Mark(5), b"1")
        said: list[object] = []

        async def emit(output: object, *_: object) -> list[object]:
            said.append(output)
            return []

        host = Host("numbers", "sum", lambda _: Sum(), Snapshots(table(changelog), form="2"), int, emit)  # type: ignore[arg-type]
        with pytest.raises(UserError):
            host.host(0)
        written = len(changelog.written)
        await host.take(Event(6, b"1"))
        await host.save_due(anyway=True)
        assert (said, len(changelog.written)) == ([], written)

    run(story())


def test_the_form_of_what_was_judged_names_the_detector_and_the_fields_of_its_state() -> None:
    seasonal, median = Engine().judge().form(), JudgeStage(Median.for_signal, calendar, 4).form()
    assert seasonal.startswith("seasonal: ")
    assert median.startswith("median: ")
    assert "noise float64" in seasonal
    assert "noise" not in median


def test_a_worker_whose_partition_comes_back_deletes_what_the_owner_between_left() -> None:
    async def story() -> None:
        changelog = Changelog()
        first = Snapshots(table(changelog), "first")
        await first.save(0, Mark(1), b"one")
        second = Snapshots(table(changelog), "second")
        second.load(0)
        await second.save(0, Mark(2), b"two")
        first.table.data = changelog.recovered()
        assert first.load(0) == (Mark(2), b"two")
        await first.save(0, Mark(3), b"three")
        assert {key.decode().split("/")[1] for key in changelog.recovered()} == {"first-1"}
        assert Snapshots(table(changelog)).load(0) == (Mark(3), b"three")

    run(story())


def test_a_worker_that_was_held_up_deletes_nothing_of_who_has_its_partition_now() -> None:
    async def story() -> None:
        changelog = Changelog()
        first = Snapshots(table(changelog), "first")
        await first.save(0, Mark(1), b"one")
        held_up = Snapshots(table(changelog), "held-up")
        held_up.load(0)
        await held_up.save(0, Mark(2), b"two")
        first.table.data = changelog.recovered()
        first.load(0)
        await first.save(0, Mark(3), b"three")
        held_up.table.data = changelog.recovered()
        held_up.load(0)  # and now it stands still
        first.table.data = changelog.recovered()
        first.load(0)
        await first.save(0, Mark(9), b"nine")
        await held_up.save(0, Mark(4), b"four")  # what it deletes behind this is what it knew of
        assert Snapshots(table(changelog)).load(0) == (Mark(9), b"nine")

    run(story())
