"""Recorded files: recognised by content, damage named, many of them side by side in order of event time."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DecodeError
from pipeline.feeds import UnreadableError, open_source, recordings

START = 1_700_000_100


def message(time: int, prefix: str = "198.51.100.0/24", host: str = "rrc00") -> bytes:
    data = {"timestamp": time, "peer": "192.0.2.1", "peer_asn": "64496", "host": host, "type": "UPDATE",
            "path": [64496], "announcements": [{"prefixes": [prefix]}]}  # fmt: skip
    return json.dumps({"type": "ris_message", "data": data}).encode() + b"\n"


def stream(first: int, minutes: int, host: str = "rrc00") -> bytes:
    return b"".join(message(first + 60 * m, f"10.{m}.0.0/16", host) for m in range(minutes))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(paths: list[Path]) -> list:
    """Everything in recordings of one feed."""
    (recording,) = recordings(paths)
    return list(recording.items)


def batches(items) -> list:
    return [item for item in items if not isinstance(item, DecodeError)]


def damage(items) -> list[tuple[str, str]]:
    return [(item.reason, item.place) for item in items if isinstance(item, DecodeError)]


PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("kind", PACKERS)
def test_streams_that_follow_each_other_and_padding_are_one_content(tmp_path: Path, kind):
    pack = PACKERS[kind]
    path = write(tmp_path / "x", pack(stream(START, 2)) + pack(stream(START + 120, 3)) + b"\0" * 1000)
    items = list(open_source(path).items())
    assert (sum(map(len, batches(items))), damage(items)) == (5, [])


@pytest.mark.parametrize("kind", PACKERS)
def test_garbage_after_the_trailer_is_a_dead_letter_after_a_full_result(tmp_path: Path, kind):
    packed = PACKERS[kind](stream(START, 5))
    items = list(open_source(write(tmp_path / "x", packed + b"junk")).items())
    assert sum(map(len, batches(items))) == 5
    assert damage(items) == [(f"garbage-after-{kind}", f"byte {len(packed)} of the compressed file of x")]


HEADER = "time,signal,entity_type,entity,value"


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", "empty-file", "the file is empty"),
        (gzip.compress(b"", mtime=0), "empty-file", "the file is empty"),
        (gzip.compress(b"x" * 100, mtime=0)[:6], "truncated-gzip", "nothing of it can be read"),
        (b"<!DOCTYPE html><title>404</title>", "unknown-format", "a web page"),
        (b"\n<html>", "unknown-format", "a web page"),
        (b"PK\3\4....", "unknown-format", "a zip archive"),
        (b"\x28\xb5\x2f\xfd....", "unknown-format", "Zstandard"),
        (b"\n\r\r\n....", "unknown-format", "a packet capture"),
        (b"\xff" * 16 + b"\0\x13\4", "unknown-format", "bare BGP messages"),
        (b"hello", "unknown-format", "it begins with 'hello'"),
        (b"timestamp,signal,value\n", "unknown-format", f"a table begins with {HEADER}"),
        *(
            (f"{header}\n2024-02-08T00:00:00Z,bgp.ris,country,PK,7\n".encode(), "unknown-format", f"a table {wrong}")
            for header, wrong in {
                "time,signal,entity_type,entity,count": "without value, and with 'count', which no table has",
                "when,signal,entity_type,entity,value": "without time, and with 'when', which no table has",
                "time,signal,entity_type,entity": f"without value; wanted {HEADER}",
                f"{HEADER},note": "with 'note', which no table has",
                "time,entity_type,entity,signal,value": "with its columns in another order",
                f"{HEADER},value": "with a column twice",
                "time,a,b,c,d,e,f,g": "without signal, entity_type, entity, value, and with 'a', 'b', 'c', 'd', 'e'",
                "time,\x1b[2J,signal": "without entity_type, entity, value, and with '\\x1b[2J', which no table has",
            }.items()
        ),
    ],
)
def test_what_is_no_recording_is_one_sentence_that_names_the_file(tmp_path: Path, content, reason, words):
    path = write(tmp_path / "signals.csv.gz", content)
    with pytest.raises(UnreadableError) as error:
        open_source(path)
    assert error.value.reason == reason
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)


def test_overlapping_files_are_interleaved_by_the_first_time_of_their_batches(tmp_path: Path):
    one = write(tmp_path / "one", stream(START, 60, "rrc00"))
    two = write(tmp_path / "two", stream(START + 100, 60, "rrc01"))
    found = batches(read([one, two]))
    firsts = [int(batch.time[0]) for batch in found]
    assert firsts == sorted(firsts)
    assert [batch.peers[0].collector for batch in found[:4]] == ["rrc00", "rrc01", "rrc00", "rrc01"]


def test_there_is_one_recording_for_each_feed_with_the_roster_of_its_signals(data: Path, tmp_path: Path):
    ris = write(tmp_path / "ris", stream(START, 3))
    cases = [data / "signals" / case for case in ("iraq-2023-exams", "zhytomyr-2022")]
    found = recordings([ris, *cases])
    assert [recording.feed for recording in found] == ["rislive", "table"]
    assert found[1].signals == ("bgp.ioda", "probing.ioda", "telescope.ioda", "traffic.google")
    assert sum(map(len, batches(found[1].items))) == 7808 + 2308


def test_four_contiguous_archives_are_one_recording_whatever_order_they_are_given_in(data: Path):
    folder = data / "feeds/mrt/csunetsec-gobgpdump"
    (recording,) = recordings(folder / f"arch{i}" for i in (2, 0, 3, 1))
    items = list(recording.items)
    assert (recording.feed, recording.signals, damage(items)) == ("mrt", ("bgp.mrt", "bgp.mrt6"), [])
    kinds = np.bincount(np.concatenate([batch.kind for batch in items]), minlength=5)
    assert kinds.tolist()[:2] == [123_682, 13_730]
    firsts = [int(batch.time.min()) for batch in items]
    assert firsts == sorted(firsts)
