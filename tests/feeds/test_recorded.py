"""An archive of recorded frames gives back what was written, whatever happened to the file, and replays as it was."""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pipeline.bins import NEVER
from pipeline.codec import encode
from pipeline.engine import Engine
from pipeline.errors import DecodeError, UserError
from pipeline.feeds import Recorded, Recorder, UnreadableError, open_source, recordings
from pipeline.feeds.recorded import MAGIC, MARK, SIZES, ZSTD, Head, contents, read
from pipeline.records import DEAD, DeadLetter, Entity, Frame, Heartbeat, Rows, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport, through_memory
from pipeline.signals.binning import FeedStatus
from tests.frames import ELEMENTS
from tests.replay.runners import Answer, answer, in_memory
from tests.replay.tapes import BEGIN, Tape, mosaic, pieces, silent

LIVE = Run("live", "live", ("bgp.ioda", "bgp.ris"), since=BEGIN)
PK = Entity("country", "PK", "PK")


def rows(time: int, value: float = 7.0, feed: str = "ioda-bgp") -> Rows:
    return Rows(
        LIVE, feed, 3, "bgp.ioda", 300, (), 0, (PK,), np.array([time]), np.zeros(1, np.int32), np.array([value])
    )


def beat(time: int, status: str = "up", feed: str = "ioda-bgp") -> Heartbeat:
    return Heartbeat(LIVE, feed, 0, time, status, ("bgp.ioda",))


class Ticks:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def written(path: Path, *groups: list, close: bool = True) -> bytes:
    """An archive with a block of each of these groups of frames; unless closed, as a killed writer leaves it."""
    recorder = Recorder(path)
    for group in groups:
        for frame in group:
            recorder.write(frame)
        recorder.flush()
    content = path.read_bytes()
    recorder.close()
    return path.read_bytes() if close else content


def of(content: bytes, since: int = NEVER) -> list[Recorded]:
    return list(read(io.BytesIO(content), since))


def times(items: list[Recorded]) -> list[int]:
    return [item.time if isinstance(item, Heartbeat) else int(item.time[0]) for item in items if not damaged([item])]


def damaged(items: list[Recorded]) -> list[DecodeError]:
    return [item for item in items if isinstance(item, DecodeError)]


THREE = [[beat(BEGIN), rows(BEGIN)], [beat(BEGIN + 300), rows(BEGIN + 300)], [beat(BEGIN + 600), rows(BEGIN + 600)]]
TIMES = [BEGIN + 300 * i for i in (0, 0, 1, 1, 2, 2)]


def test_frames_come_back_as_they_were_in_order_of_arrival(tmp_path: Path) -> None:
    dead = Heartbeat(LIVE, "ioda-bgp", 0, BEGIN, DEAD, ("bgp.ioda",), (PK,), "IODA answers 503")
    letter = DeadLetter("live", "ioda-bgp", "bad-json", "byte 7", "half a body")
    given = [rows(BEGIN + 300), dead, letter, rows(BEGIN, np.nan), beat(BEGIN + 600)]
    found = of(written(tmp_path / "a", given))
    wanted = [DecodeError("ioda-bgp", *letter_of(letter)) if frame is letter else frame for frame in given]
    assert [plain(item) for item in found] == [plain(item) for item in wanted]


def letter_of(letter: DeadLetter) -> tuple[str, str, str]:
    return letter.reason, letter.place, letter.detail


def plain(item: Recorded) -> bytes | str:
    return str(item) if isinstance(item, DecodeError) else encode(item)


def test_a_block_is_of_one_feed_and_says_its_times_and_signals(tmp_path: Path) -> None:
    route = replace(ELEMENTS, feed="rislive")
    archive = contents(io.BytesIO(written(tmp_path / "a", [beat(BEGIN), route, rows(BEGIN + 300)])))
    heads = [block.head for block in archive.blocks]
    assert [(head.feed, head.frames) for head in heads] == [("ioda-bgp", 2), ("rislive", 1)]
    assert (heads[0].first, heads[0].last, heads[0].signals) == (BEGIN, BEGIN + 300, ("bgp.ioda",))
    assert [own.feed for own in archive.by_feed()] == ["ioda-bgp", "rislive"]


def test_the_countries_of_a_watch_are_those_of_its_replay(tmp_path: Path) -> None:
    watch = LIVE._replace(only=("IQ", "PK"))
    written(tmp_path / "a", [replace(ELEMENTS, run=watch, feed="rislive"), beat(BEGIN)])
    assert {recording.feed: recording.only for recording in recordings([tmp_path / "a"])} == {
        "ioda-bgp": (), "rislive": ("IQ", "PK")
    }  # fmt: skip


def test_a_block_is_written_after_seconds_or_when_it_is_full(tmp_path: Path) -> None:
    clock = Ticks()
    recorder = Recorder(tmp_path / "a", every=10, clock=clock)
    recorder.write(beat(BEGIN))
    clock.now = 9.0
    recorder.write(rows(BEGIN))
    assert times(of((tmp_path / "a").read_bytes())) == []
    clock.now = 10.0
    recorder.write(beat(BEGIN, feed="rislive"))  # of another feed: what waits for long is written all the same
    assert times(of((tmp_path / "a").read_bytes())) == [BEGIN] * 2
    many = np.random.default_rng(1).normal(size=300_000)
    recorder.write(
        replace(rows(BEGIN), time=np.full(len(many), BEGIN), entity=np.zeros(len(many), np.int32), value=many)
    )
    assert len(of((tmp_path / "a").read_bytes())) == 3
    recorder.close()


@pytest.mark.parametrize("close", [True, False], ids=["closed", "killed"])
def test_a_reader_begins_at_a_time_and_passes_over_what_is_before(tmp_path: Path, close: bool) -> None:
    content = written(tmp_path / "a", *THREE, close=close)
    assert times(of(content)) == TIMES
    assert times(of(content, since=BEGIN + 301)) == TIMES[4:]


def test_the_list_at_the_end_spares_a_look_at_each_block(tmp_path: Path) -> None:
    class Counted(io.BytesIO):
        got = 0

        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(size)
            self.got += len(piece)
            return piece

    noise = np.random.default_rng(1).normal(size=50_000)
    many = [
        [replace(rows(BEGIN), time=np.full(50_000, BEGIN + i), entity=np.zeros(50_000, np.int32), value=noise)]
        for i in range(40)
    ]
    stream = Counted(content := written(tmp_path / "a", *many))
    assert len(list(read(stream, since=BEGIN + 39))) == 1
    assert stream.got < len(content) / 20


def test_what_a_killed_writer_left_is_read_up_to_its_last_whole_block(tmp_path: Path) -> None:
    whole = written(tmp_path / "a", *THREE, close=False)
    last = contents(io.BytesIO(whole)).blocks[-1].at
    for cut in (last, last + 1, last + 20, last + 100, len(whole) - 1):
        found = of(whole[:cut])
        assert times(found) == TIMES[:4]
        assert [error.reason for error in damaged(found)] == ["truncated-record"] * (cut > last)
        assert all(f"{cut - last:,} bytes" in error.detail for error in damaged(found))


def test_a_recorder_goes_on_after_the_last_whole_block_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(written(tmp_path / "b", *THREE[:2], close=False)[:-1])
    assert times(of(written(path, THREE[2]))) == [*TIMES[:2], *TIMES[4:]]
    assert times(of(written(path, [beat(BEGIN + 900)]))) == [*TIMES[:2], *TIMES[4:], BEGIN + 900]
    (tmp_path / "signals.csv").write_text("time,signal\n")
    with pytest.raises(UserError, match=r"signals\.csv: no archive of recorded frames"):
        Recorder(tmp_path / "signals.csv")


@pytest.mark.parametrize("close", [True, False], ids=["closed", "killed"])
def test_a_damaged_byte_costs_one_block_at_most_and_is_told_once(tmp_path: Path, close: bool) -> None:
    content = written(tmp_path / "a", *THREE, close=close)
    blocks = contents(io.BytesIO(content)).blocks
    for at in range(len(MAGIC), blocks[-1].at + blocks[-1].length, 3):
        (hit,) = (i for i, block in enumerate(blocks) if block.at <= at < block.at + block.length)
        found = of(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        if damaged(found):  # the list says what a damaged head said
            (error,) = damaged(found)
            assert f"byte {blocks[hit].at:,}" in error.place
            assert f"{blocks[hit].length:,} bytes" in error.detail
        assert times(found) == (TIMES[: 2 * hit] + TIMES[2 * hit + 2 :] if damaged(found) else TIMES)


def block(payload: bytes, frames: int = 1, size: int | None = None) -> bytes:
    head = Head("ioda-bgp", (), BEGIN, BEGIN, frames, len(payload) if size is None else size)
    told, packed = msgspec.json.encode(head), ZSTD.compress(payload, asbytes=True)
    sizes = SIZES.pack(len(told), len(packed), zlib.crc32(packed))
    return MARK + sizes + zlib.crc32(sizes + told).to_bytes(4, "little") + told + packed


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "little") + message


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (block(framed(encode(beat(BEGIN))), size=7), "bytes with 1 frames are lost"),
        (block(bytes(2**26), size=2**26), "its sizes are wrong"),
        (block(b"\xff\xff\xff\x7fx"), "wrong size; 5 bytes of frames are lost"),
        (block(b"\x01"), "wrong size; 1 bytes of frames are lost"),
        (block(framed(b"{}")), "missing required field"),
        (block(framed(b"no frame")), "not a netvigil frame"),
        (block(framed(encode(beat(-5)))), "time -5 is out of range"),
        (block(framed(encode(beat(BEGIN, feed="rislive")))), "a frame of rislive, partition 0"),
        (block(framed(encode(replace(beat(BEGIN), partition=4)))), "a frame of ioda-bgp, partition 4"),
        (block(framed(encode(replace(rows(BEGIN), signal="other")))), "its signal is 'other'"),
        (MARK + bytes(8) + b"\xff" * 8, "the head of a block is damaged; 24 bytes are lost"),
    ],
)
def test_what_is_no_block_or_frame_is_one_damage(content: bytes, why: str) -> None:
    found = of(MAGIC + content + block(framed(encode(beat(BEGIN)))))
    assert times(found) == [BEGIN]
    (error,) = damaged(found)
    assert why in error.detail


def recorded(path: Path, tape: Tape, keep: Callable[[Frame | DeadLetter], bool] = lambda _: True) -> Path:
    recorder = Recorder(path)
    for frame in tape:
        if keep(frame):
            recorder.write(frame)  # type: ignore[arg-type]
    recorder.close()
    return path


def replayed(*paths: Path) -> tuple[ReplayReport, list[object]]:
    found = recordings(paths)
    signals = tuple(sorted({signal for recording in found for signal in recording.signals}))
    told: list[object] = []
    playback = Playback(found, Run("again", "replay", signals))
    return through_memory(playback, Engine(), playback.run, told.append), told


@pytest.fixture(scope="module")
def tape() -> Tape:
    return pieces(mosaic(days=4), 6 * 3600)


@pytest.fixture(scope="module")
def undisturbed(tape: Tape) -> Answer:
    return answer(in_memory(tape))


def test_a_recorded_run_replays_with_the_same_outages_and_the_sums_agree(
    tape: Tape, undisturbed: Answer, tmp_path: Path
) -> None:
    found, _ = replayed(recorded(tmp_path / "a", tape))
    assert answer(found) == undisturbed
    assert found.read == found.used == sum(len(frame) for frame in tape if isinstance(frame, Rows))


def test_one_that_was_killed_ends_where_it_ends(tape: Tape, undisturbed: Answer, tmp_path: Path) -> None:
    """Without its last heartbeats it has the same bins, but for those that nothing was recorded of."""
    found, _ = replayed(recorded(tmp_path / "a", tape, lambda frame: getattr(frame, "status", "") != "end"))
    assert answer(found) == undisturbed


def test_a_feed_that_was_dead_is_dead_again(tape: Tape, tmp_path: Path) -> None:
    begin, end = BEGIN + 36 * 3600, BEGIN + 48 * 3600
    lasting = [Heartbeat(tape.run, "radar", i, NEVER, DEAD, ("traffic.other",), (), "no token") for i in range(4)]
    why = {DEAD: "no answer"}
    broken = tape.changed(
        lambda frames: [
            replace(frame, reason=why.get(frame.status, "")) if isinstance(frame, Heartbeat) else frame
            for frame in silent(frames, begin, end)
        ]
    )
    letter = DeadLetter("tape", "table", "bad-json", "byte 7")
    path = recorded(tmp_path / "a", Tape(broken.run, [*lasting, *broken.sent[:40], letter, *broken.sent[40:]]))
    found, told = replayed(path)
    assert answer(found) == answer(in_memory(broken))
    statuses = [(output.feed, output.status, output.reason) for output in told if isinstance(output, FeedStatus)]
    assert [status for status in statuses if status[0] == "radar"] == [
        ("radar", DEAD, "no token"),
        ("radar", "end", ""),
    ]
    assert [status[1:] for status in statuses if status[0] == "table"] == [
        ("up", ""),
        (DEAD, "no answer"),
        ("up", ""),
        ("end", ""),
    ]
    assert found.read == found.used + found.late + len(found.dead)
    assert [dead.reason for dead in found.dead] == ["bad-json"]


def test_archives_of_several_feeds_side_by_side_or_in_one_file_are_the_same(
    tape: Tape, undisturbed: Answer, tmp_path: Path
) -> None:
    def fed(feed: str, frame: Frame) -> Frame:
        signals = tuple(signal for signal in SIGNALS if SIGNALS[signal] == feed)
        return replace(frame, feed=feed, **({"signals": signals} if isinstance(frame, Heartbeat) else {}))

    def sent(frame: Frame) -> list[Frame]:
        return [
            fed(feed, frame)
            for feed in sorted(set(SIGNALS.values()))
            if not isinstance(frame, Rows) or SIGNALS[frame.signal] == feed
        ]

    split = tape.changed(lambda frames: (own for frame in frames for own in sent(frame)))
    one = recorded(tmp_path / "one", split)
    each = [recorded(tmp_path / feed, split, lambda frame, feed=feed: frame.feed == feed) for feed in SIGNALS.values()]
    assert answer(replayed(one)[0]) == answer(replayed(*each)[0]) == undisturbed
    assert Counter(recording.feed for recording in recordings([one])) == Counter(SIGNALS.values())


SIGNALS = {"probing.ioda": "ioda-probing", "traffic.radar": "radar"}


def test_archives_of_one_feed_go_on_in_order_of_time(tape: Tape, undisturbed: Answer, tmp_path: Path) -> None:
    half = len(tape.sent) // 2
    second = recorded(tmp_path / "a", Tape(tape.run, tape.sent[half:]))
    first = recorded(tmp_path / "b", Tape(tape.run, tape.sent[:half]))
    assert answer(replayed(second, first)[0]) == undisturbed


def test_what_cannot_be_replayed_is_one_sentence(tape: Tape, tmp_path: Path) -> None:
    archive = recorded(tmp_path / "a", tape)
    (tmp_path / "a.gz").write_bytes(gzip.compress(archive.read_bytes()))
    (tmp_path / "empty").write_bytes(MAGIC)
    (tmp_path / "strange").write_bytes(MAGIC + block(b"").replace(b"ioda-bgp", b"ioda-xyz"))
    written(tmp_path / "other", [beat(BEGIN, feed="nobody")])
    for name, why in (
        ("a.gz", "within gzip: unpack it first"), ("empty", "no recorded frames can be read"),
        ("strange", "the head of a block is damaged"), ("other", "recorded frames of 'nobody', none of"),
    ):  # fmt: skip
        with pytest.raises(UnreadableError, match=why):
            open_source(tmp_path / name)
    (tmp_path / "signals.csv").write_text(
        "time,signal,entity_type,entity,value\n2024-01-01T00:00:00Z,bgp.x,country,PK,1\n"
    )
    with pytest.raises(UserError, match="replay them apart"):
        recordings([archive, tmp_path / "signals.csv"])
