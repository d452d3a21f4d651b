"""A signal of a run is of one feed: what two count under one name is no series, and is never lost in silence."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

import pipeline.signals
from pipeline.agents.host import Host
from pipeline.agents.messages import OF_STAGE, route
from pipeline.agents.snapshots import Snapshots
from pipeline.cli.arguments import main
from pipeline.codec import encode
from pipeline.engine import Engine
from pipeline.errors import DecodeError, UserError
from pipeline.feeds import Dispatch, Item, read, recordings
from pipeline.fusion import Fused
from pipeline.records import DEAD, END, UP, Bins, DeadLetter, Elements, Entity, Heartbeat, Rows, Run
from pipeline.replay.report import ReplayReport, through_memory
from pipeline.signals.merging import OTHERS, MergeStage
from pipeline.topics import DEADLETTERS
from tests.agents.hosts import Changelog, Event, run, table
from tests.feeds.test_feed_promises import TIMES, rislive
from tests.feeds.test_feed_promises import table as made_table

SIGNAL = "probing.ioda"
RUN = Run("r", "replay", (SIGNAL,))
PK = Entity("country", "PK", "PK")


def part(feed: str, start: int, value: float, status: str = UP) -> Bins:
    cell = np.full((1, 1), value)
    return Bins(
        RUN, feed, 0, SIGNAL, 300, start + 300, status, (PK,), np.array([start]), cell, np.ones((1, 1), np.float32)
    )


def word(feed: str, watermark: int, status: str = UP) -> Bins:
    """Bins without a bin: what a heartbeat leads to where nothing closed."""
    none = np.empty((0, 0))
    return Bins(RUN, feed, 0, SIGNAL, 0, watermark, status, (), np.empty(0, np.int64), none, none.astype(np.float32))


def stage() -> MergeStage:
    return MergeStage({"table": 1, "toy": 1})


def again(merge: MergeStage) -> MergeStage:
    """The same after a restart."""
    resumed = stage()
    resumed.load(merge.save())
    assert resumed.save() == merge.save()
    return resumed


def values(said: list[Bins | DeadLetter]) -> list[float]:
    return [float(value) for bins in said if isinstance(bins, Bins) for value in bins.value.ravel()]


@pytest.mark.parametrize("restarted", [False, True])
def test_bins_of_another_feed_are_a_dead_letter_and_change_nothing(restarted: bool) -> None:
    merge, told = stage(), []
    for start in (0, 300, 600):
        told += merge.step(part("table", start, 5000.0))
        told += merge.step(part("toy", start, 1000.0))
        merge = again(merge) if restarted else merge
    assert values(told) == [5000.0] * 3
    letters = [said for said in told if isinstance(said, DeadLetter)]
    assert [(letter.run, letter.feed, letter.reason) for letter in letters] == [("r", "toy", OTHERS)] * 3
    assert letters[1].place == "probing.ioda at 1970-01-01T00:05:00Z, 1 bins, partition 0"
    assert "it is of table" in letters[1].detail


@pytest.mark.parametrize("restarted", [False, True])
def test_what_another_feed_says_after_the_end_is_a_dead_letter_and_what_comes_again_is_nothing(restarted: bool) -> None:
    merge = stage()
    assert values(merge.step(part("table", 0, 5000.0, END))) == [5000.0]
    merge = again(merge) if restarted else merge
    assert merge.step(part("table", 0, 5000.0, END)) == []
    (letter,) = merge.step(part("toy", 300, 1000.0))
    assert isinstance(letter, DeadLetter)
    assert merge.step(word("toy", 600, END)) == []


def test_the_end_or_the_death_of_another_feed_is_none_of_the_signal() -> None:
    merge = stage()
    merge.step(part("table", 0, 5000.0))
    assert merge.step(word("toy", 300, DEAD)) == merge.step(word("toy", 900, END)) == []
    (bins,) = merge.step(part("table", 300, 5000.0))
    assert isinstance(bins, Bins)
    assert (values([bins]), bins.status, bins.watermark) == ([5000.0], UP, 600)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_feed_that_could_serve_a_signal_and_is_not_sent_takes_it_from_nobody(restarted: bool) -> None:
    """A worker serves all feeds, and says that those are dead of which it never heard."""
    merge = stage()
    merge.step(word("toy", 0, DEAD))
    merge = again(merge) if restarted else merge
    assert values(merge.step(part("table", 0, 5000.0))) == [5000.0]
    assert merge.step(word("toy", 0, DEAD)) == []
    assert values(merge.step(part("table", 300, 5000.0))) == [5000.0]


def sent(feed: str, value: float) -> Iterator[Rows | Heartbeat]:
    """What a feed says of an hour, as frames."""
    time = np.arange(0, 3600, 300)
    rows = Rows(
        Run(), feed, 0, SIGNAL, 300, (), 0, (PK,), time, np.zeros(len(time), np.int32), np.full(len(time), value)
    )
    items: list[Item] = [rows]
    for frame in Dispatch(RUN, feed, RUN.signals).frames(items):
        assert isinstance(frame, Rows | Heartbeat)
        yield frame


def test_in_memory_the_second_feed_is_a_dead_letter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pipeline.signals.SIGNALS, "toy", pipeline.signals.SIGNALS["table"])
    seen = []

    def see(output: object) -> None:
        if isinstance(output, Fused):
            seen.append(float(output.verdicts.value[output.bin, 0]))

    frames = (frame for pair in zip(sent("table", 5000.0), sent("toy", 1000.0), strict=True) for frame in pair)
    result: ReplayReport = through_memory(frames, Engine(), RUN, see)
    assert seen == [5000.0] * 12
    assert [(letter.feed, letter.reason) for letter in result.dead] == [("toy", OTHERS)]
    assert "12 bins" in result.dead[0].place


def test_a_worker_sends_the_dead_letter_and_goes_on() -> None:
    async def story() -> None:
        told: list[Bins | DeadLetter] = []

        async def emit(output: Bins | DeadLetter | None, frame: object, source: bytes) -> list[object]:
            told.extend([] if output is None else [output])
            return []

        changelog = Changelog()
        host = Host("t", "merge", lambda _: MergeStage({"table": 1, "mrt": 1}), Snapshots(table(changelog)),
                    OF_STAGE["merge"], emit)  # fmt: skip
        for offset, said in enumerate((part("table", 0, 5.0), part("mrt", 0, 1.0), part("table", 300, 5.0))):
            await host.take(Event(offset, encode(said)))
        assert values(told) == [5.0, 5.0]
        (letter,) = (said for said in told if isinstance(said, DeadLetter))
        message = route(letter, part("mrt", 0, 1.0))
        assert message is not None
        assert (message.topic, message.key, message.run) == (DEADLETTERS, "mrt", "r")
        assert msgspec.json.decode(message.value, type=DeadLetter) == letter

    run(story())


# recordings


@pytest.fixture
def both(tmp_path: Path) -> list[Path]:
    """A table that has the signal of RIS Live, and a recording of that."""
    paths = [tmp_path / "signals.csv", tmp_path / "messages.ndjson"]
    for path, content in zip(paths, (made_table(TIMES), rislive(TIMES)), strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("order", [1, -1])
def test_recordings_of_two_feeds_that_give_one_signal_are_refused_in_a_sentence(
    both: list[Path], order: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["netvigil", "replay", *map(str, both[::order])])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("netvigil: bgp.ris is in ")
    assert all(f"{path} (feed {feed})" in said for path, feed in zip(both, ("table", "rislive"), strict=True))
    assert said.count("\n") == 1


def test_two_recordings_of_one_feed_give_one_signal_together(both: list[Path], tmp_path: Path) -> None:
    second = tmp_path / "later.ndjson"
    second.write_bytes(rislive([time + 600 for time in TIMES]))
    (recording,) = recordings([both[1], second])
    rows = [item for item in recording.items if isinstance(item, Elements)]
    assert sum(map(len, rows)) == 2 * len(TIMES)


def test_two_feeds_with_signals_of_their_own_are_replayed_together(both: list[Path]) -> None:
    both[0].write_bytes(made_table(TIMES).replace(b"bgp.ris", b"bgp.ioda"))
    assert [recording.feed for recording in recordings(both)] == ["rislive", "table"]
    both[0].write_bytes(made_table(TIMES))
    with pytest.raises(UserError, match=r"bgp\.ris is in"):
        recordings(both)


def test_a_case_has_one_table(tmp_path: Path) -> None:
    for name in ("signals.csv", "signals.csv.gz"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UserError, match=r"both signals\.csv and signals\.csv\.gz"):
        recordings([tmp_path], Run())


def test_damage_names_the_folder_where_several_files_have_one_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        rows = f"2024-02-08T00:00:00Z,bgp.{name},country,PK,1\n2024-02-08T01:00:00Z,bgp.{name},country,PK,x\n"
        (tmp_path / name / "signals.csv").write_text(f"time,signal,entity_type,entity,value\n{rows}")
    for folders in (["one", "two"], ["one"]):
        found = [item.place for item in read(tmp_path / name for name in folders) if isinstance(item, DecodeError)]
        names = [str(tmp_path / name / "signals.csv") for name in folders] if folders[1:] else ["signals.csv"]
        assert sorted(found) == [f"line 3 of {name}" for name in names]
