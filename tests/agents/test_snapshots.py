"""Snapshots: read back whole, by the present owner of the partition, in the form in which they were written."""

import contextlib
from pathlib import Path

import pytest

from pipeline.agents.host import Host
from pipeline.agents.snapshots import CHUNK, Mark, SnapshotFiles, Snapshots
from pipeline.errors import UserError
from tests.agents.hosts import Changelog, Event, Sum, played, table


@pytest.mark.parametrize("broken", range(1, 8))
@played
async def test_a_snapshot_that_was_not_finished_is_never_read(broken: int) -> None:
    changelog, states = Changelog(), [b"a" * 3 * CHUNK, b"b" * 2 * CHUNK]
    await Snapshots(table(changelog), "first").save(0, Mark(1), states[0])
    changelog.broken = len(changelog.written) + broken
    with contextlib.suppress(ConnectionError):
        await Snapshots(table(changelog), "second").save(0, Mark(2), states[1])
    found = Snapshots(table(changelog)).load(0)
    assert found is not None
    assert found == (Mark(found[0].offset), states[found[0].offset - 1])
    assert (found[0].offset == 2) == (broken >= 3)


@played
async def test_a_snapshot_of_a_partition_that_went_is_written_no_further() -> None:
    changelog = Changelog()
    owned = iter([True, False])
    assert not await Snapshots(table(changelog)).save(0, Mark(1), b"a" * 3 * CHUNK, lambda: next(owned))
    assert len(changelog.written) == 1


@played
async def test_a_snapshot_of_another_form_is_refused_in_a_sentence_and_nothing_is_made_of_later_messages() -> None:
    changelog, said = Changelog(), []
    await Snapshots(table(changelog), form="1 predictive").save(0, Mark(5), b"1")
    written = len(changelog.written)

    async def emit(output: object, *_: object) -> list[object]:
        said.append(output)
        return []

    host = Host("numbers", "sum", lambda _: Sum(), Snapshots(table(changelog), form="1 median"), int, emit)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"of stage sums, partition 0, .* another --group NAME") as refused:
        host.host(0)
    assert "\n" not in str(refused.value)
    await host.take(Event(6, b"1"))
    await host.save_due(anyway=True)
    assert (said, len(changelog.written)) == ([], written)
    assert Snapshots(table(changelog), form="1 predictive").load(0) == (Mark(5), b"1")


@played
async def test_snapshots_of_earlier_owners_are_deleted_also_when_a_partition_comes_back() -> None:
    changelog = Changelog()
    for i in range(5):
        await Snapshots(table(changelog), f"worker{i}").save(0, Mark(i), b"state")
    assert {key.decode().split("/")[1] for key in changelog.recovered()} == {"worker4-0"}
    first = Snapshots(table(changelog), "first")
    await first.save(0, Mark(11), b"one")
    second = Snapshots(table(changelog), "second")
    second.load(0)
    await second.save(0, Mark(12), b"two")
    first.table.data = changelog.recovered()
    assert first.load(0) == (Mark(12), b"two")
    await first.save(0, Mark(13), b"three")
    assert {key.decode().split("/")[1] for key in changelog.recovered()} == {"first-1"}


@played
async def test_a_worker_that_was_held_up_and_writes_on_destroys_nothing_of_the_present_owner() -> None:
    changelog = Changelog()
    first = Snapshots(table(changelog), "first")
    await first.save(0, Mark(1), b"one")
    held_up = Snapshots(table(changelog), "held-up")
    held_up.load(0)
    await held_up.save(0, Mark(2), b"two")
    for step in (3, 9):
        first.table.data = changelog.recovered()
        first.load(0)
        await first.save(0, Mark(step), b"%d" % step)
        if step == 3:
            held_up.table.data = changelog.recovered()
            held_up.load(0)  # and now it stands still
    await held_up.save(0, Mark(4), b"four")  # what it deletes after this is what it knew of
    assert Snapshots(table(changelog)).load(0) == (Mark(9), b"9")


@played
async def test_files_take_the_room_of_one_snapshot_a_partition_and_give_the_newest_one_back(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path / "snapshots", "sums", "1")
    assert files.load(0) is None
    for offset in range(20):
        assert await files.save(0, Mark(offset, {"a": (0, offset)}), b"%d\n\n" % offset * 1000)
    await files.save(1, Mark(3), b"")
    assert not await files.save(0, Mark(99), b"of another worker by now", lambda: False)
    assert SnapshotFiles(tmp_path / "snapshots", "sums", "1").load(0) == (Mark(19, {"a": (0, 19)}), b"19\n\n" * 1000)
    assert sorted(path.name for path in (tmp_path / "snapshots").iterdir()) == ["sums-0", "sums-1"]
    with pytest.raises(
        UserError, match=r"of stage sums, partition 1, .*: start with an empty folder in place of .*sna"
    ):
        SnapshotFiles(tmp_path / "snapshots", "sums", "2").load(1)
