"""Damaged, hostile and odd MRT: what can be read is read, the rest is a dead letter with its bytes."""

import random
import struct
import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from pipeline.feeds.mrt.stream import CHUNK, LONGEST, NEAR
from pipeline.records import STATE
from tests.feeds.mrts import (
    MARKER,
    NET,
    PATH,
    TIME,
    announced,
    attribute,
    kinds,
    message,
    opened,
    path,
    read,
    record,
    said,
    session,
    update,
    whole,
)

GOOD = announced(NET)


def wrong(*records: bytes) -> tuple[str, str]:
    """Reason and place of the one dead letter between good records, of which none is lost."""
    batches, (damage,), tally = read(GOOD + b"".join(records) + GOOD)
    assert kinds(batches) == {"announce": 2}
    assert tally.used + tally.lost == 2 * len(GOOD) + sum(map(len, records))
    assert damage.detail.endswith("bytes lost")
    return damage.reason, damage.place


DAMAGED = {
    "bad-message": [
        record(16, 4, session() + bytes(16) + message(4)[16:]), record(16, 4, session() + message(4)[:-1]),
        record(16, 4, session() + message(4) + b"\0"), record(16, 4, session() + message(9)),
    ],
    "bad-update": [
        record(16, 4, session() + message(2)), said(struct.pack(">HH", 9, 0)), said(struct.pack(">HH", 0, 9))
    ],
    "bad-attributes": [
        said(update(attributes=attributes, nlri=NET))
        for attributes in (PATH[:-1], PATH + b"\x40", attribute(14, bytes(2)), attribute(14, bytes([0, 2, 1, 99])))
    ],
    "bad-path": [
        said(update(attributes=attributes, nlri=NET))
        for attributes in (
            attribute(2, path(1)[:-1]), attribute(2, path(1, kind=7)), attribute(33, bytes([0, 9, 1]))
        )
    ],
    "no-as-path": [said(update(nlri=NET))],
    "bad-prefix": [
        said(update(attributes=PATH, nlri=bytes([33, 1, 1, 1, 1, 1]))), said(update(attributes=PATH, nlri=b"\1"), 9),
        record(12, 1, bytes(8) + bytes([33]) + bytes(13)),
    ],
    "short-header": [
        record(16, 4, session(family=3, address="00" * 4)), record(16, 4, session()[:-1]), record(5, 1, bytes(5)),
        record(16, 4, b""),
    ],
    "bad-state": [record(16, 5, session() + bytes(state)) for state in ([0, 6, 0], [0, 6, 0, 99])],
    "unsupported-type": [record(16, 2, bytes(40)), record(5, 2, bytes(20)), record(48, 0, bytes(20))],
    "no-peer-index": [record(13, 2, bytes(4) + NET + bytes(2))],
    "bad-peer-index": [record(13, 1, bytes(7))],
    "bad-rib": [record(12, 1, bytes(4)), record(12, 1, bytes(25))],
}  # fmt: skip


@pytest.mark.parametrize(("reason", "content"), [(why, each) for why, some in DAMAGED.items() for each in some])
def test_a_damaged_record_is_skipped_by_its_length(reason, content):
    assert wrong(content) == (reason, f"byte {len(GOOD)}")


def test_a_record_of_a_table_is_used_as_a_whole_or_not_at_all():
    index = record(13, 1, bytes(6) + b"\0\1" + bytes([2]) + bytes(8) + bytes([0, 0, 0, 9]))
    entry = struct.pack(">HIH", 0, 1, len(PATH)) + PATH
    for entries in (entry + entry[:-1], entry + b"\0\7" + entry[2:], entry):
        batches, (damage,), _ = read(index + record(13, 2, bytes(4) + NET + b"\0\2" + entries) + GOOD)
        assert kinds(batches) == {"other": 1, "announce": 1}
        assert damage.reason in ("bad-rib", "unknown-peer", "bad-attributes")


def test_a_list_of_prefixes_that_breaks_off_is_used_up_to_there():
    batches, (damage,), tally = read(announced(NET + bytes([16, 10])) + GOOD)
    assert kinds(batches) == {"announce": 2}
    assert (damage.reason, damage.place, tally.lost, tally.torn) == ("torn-prefixes", "byte 0", 2, 1)


@pytest.mark.parametrize("length", [0, 5, 11, 500, LONGEST, LONGEST + 1, 2**31, 2**32 - 1])
def test_a_wrong_length_costs_one_record_and_reading_goes_on_behind_it(length):
    broken = GOOD[:8] + struct.pack(">I", length) + GOOD[12:]
    assert wrong(broken) == ("lost-boundary", f"byte {len(GOOD)}")


def test_a_record_that_begins_far_from_the_time_before_is_no_place_to_go_on():
    batches, damage, _ = read(GOOD + b"\xff" * 12 + announced(NET, TIME + 10 * NEAR))
    assert (kinds(batches), [error.reason for error in damage]) == ({"announce": 1}, ["lost-boundary"])


def test_a_time_that_jumps_ahead_and_back_is_damage():
    assert wrong(announced(NET, TIME + 2**20)) == ("bad-time", f"byte {len(GOOD)}")
    assert wrong(announced(NET, TIME - 2**20)) == ("bad-time", f"byte {len(GOOD)}")


@pytest.mark.parametrize("time", [0, TIME + 2**30])
def test_a_first_or_last_record_of_another_age_is_damage(time):
    stray = announced(NET, time)
    for content, place in ((stray + GOOD * 2, 0), (GOOD * 2 + stray, 2 * len(GOOD))):
        batches, (damage,), _ = read(content)
        assert kinds(batches) == {"announce": 2}
        assert (damage.reason, damage.place) == ("bad-time", f"byte {place}")


def test_a_gap_in_time_is_none():
    batches, damage, _ = read(GOOD + announced(NET, TIME + 9000) + announced(NET, TIME + 9001))
    assert (kinds(batches), damage) == ({"announce": 3}, [])


def test_however_a_recording_is_damaged_every_byte_is_accounted_for(data):
    clean = whole(data / "feeds/mrt/caida-libbgpstream/ris.rrc06.updates.1427846400.gz")[:9000]
    chance = random.Random(20240208)
    for _ in range(300):
        content = bytearray(clean)
        for _ in range(chance.randrange(1, 30)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        del content[chance.randrange(len(content)) :]
        assert_accounted(bytes(content))


@pytest.mark.parametrize("name", ["openbgpd_rib_table-v2", "quagga_rib", "bird6-mrtdump_rib", "openbgpd_rib_table"])
def test_however_a_table_is_damaged_every_byte_is_accounted_for(data, name):
    clean = (data / "feeds/mrt/t2mune-mrtparse" / name).read_bytes()
    chance = random.Random(7)
    for _ in range(100):
        content = bytearray(clean)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        at = chance.randrange(len(content))
        assert_accounted(bytes(content[:at] + content[at + chance.randrange(5) :]))


def assert_accounted(content: bytes) -> None:
    batches, _, tally = read(content)
    assert tally.used + tally.lost == len(content)
    assert sum(map(len, batches)) >= tally.records
    for batch in batches:
        assert batch.length.max() <= 128
        assert batch.peer.max() < len(batch.peers)
        assert set(batch.state[batch.kind != STATE].tolist()) <= {0}


def test_garbage_without_an_end_neither_fills_the_memory_nor_hangs():
    header = struct.pack(">IHHI", TIME, 16, 4, LONGEST - 64)  # plausible, and leads nowhere
    block = (header + bytes(4084)) * (CHUNK // 4096)
    garbage = BytesIO(block * 96)
    tracemalloc.start()
    batches, damage, tally = read(garbage)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (batches, len(damage), tally.lost) == ([], 1, len(block) * 96)
    assert peak < 8 * LONGEST  # a few times the longest record


WHOLE = {"announce": 1435, "withdraw": 122, "state": 4, "other": 30}
"""What the recording holds from which the damaged ones were made."""


@pytest.mark.parametrize(
    ("name", "lost", "missing", "reasons"),
    [
        ("garbage_prefix.mrt", 18, {}, ["lost-boundary"]),
        ("huge_record_len.mrt", 51, {"other": 1}, ["lost-boundary"]),
        ("zero_record_len.mrt", 51, {"other": 1}, ["lost-boundary"]),
        ("trunc_midrecord.mrt", 100, {"announce": 804, "withdraw": 83, "state": 2, "other": 13}, ["truncated-record"]),
        ("trunc_gz_half.gz", 88, {"announce": 859, "withdraw": 91, "state": 2, "other": 18}, ["truncated-record"]),
        ("notgz.gz", 26, WHOLE, ["lost-boundary"]),
        ("empty.mrt", 0, WHOLE, []),
    ],
)
def test_a_recording_damaged_in_one_place_loses_what_is_damaged_and_no_more(data, name, lost, missing, reasons):
    batches, damage, tally = read(opened(data / "feeds/hostile/mrt/derived" / name))
    assert kinds(batches) == {kind: n - missing.get(kind, 0) for kind, n in WHOLE.items() if n > missing.get(kind, 0)}
    assert ([error.reason for error in damage], tally.lost) == (reasons, lost)


def test_two_hundred_flipped_bits_cost_no_more_than_the_records_that_they_hit(data):
    clean = whole(data / "feeds/mrt/caida-libbgpstream/ris.rrc06.updates.1427846400.gz")
    flipped = (data / "feeds/hostile/mrt/derived/bitflip200_seed7.mrt").read_bytes()
    _, damage, tally = read(flipped)
    assert (tally.records, tally.torn, len(damage)) == (727, 6, 74)
    untouched = at = 0
    while at < len(clean):
        end = at + 12 + int.from_bytes(clean[at + 8 : at + 12])
        untouched, at = untouched + (clean[at:end] == flipped[at:end]), end
    assert tally.records >= untouched - 3  # records behind a damaged header, before the next sure one
    assert tally.used + tally.lost == len(flipped)


def test_a_recording_with_two_damaged_boundaries_loses_24_bytes(data):
    batches, damage, tally = read(opened(data / "feeds/hostile/mrt/updates.20000325.0345.gz"))
    assert kinds(batches) == {"announce": 4660, "withdraw": 718, "state": 307, "other": 34}
    assert [error.place for error in damage] == ["byte 188", "byte 4554"]
    assert (tally.used, tally.lost) == (151_780, 24)


def test_a_table_whose_records_state_too_little_is_read_whole(data):
    batches, damage, tally = read(opened(data / "feeds/hostile/mrt/bview.20000111.0032.gz"))
    assert (kinds(batches), damage, tally.used) == ({"rib": 452_018}, [], 19_514_824)


def messages(capture: Path) -> list[bytes]:
    """BGP messages of a packet capture: from each marker on, as many bytes as the message states."""
    content, found, at = capture.read_bytes(), [], 0
    while (at := content.find(MARKER, at)) >= 0:
        size = max(19, int.from_bytes(content[at + 16 : at + 18]))
        found.append(content[at : at + size])
        at += size
    return found


def wrapped(content: bytes, subtype: int = 4) -> bytes:
    return record(16, subtype, session(subtype in (4, 9)) + content)


def test_messages_with_bad_lengths_break_nothing(data):
    bodies = [f.read_bytes() for f in sorted((data / "feeds/hostile/gobgp-bad-len").iterdir()) if f.suffix != ".md"]
    assert len(bodies) == 11
    for body in bodies:
        _, (damage,), _ = read(wrapped(body))
        assert damage.reason == "bad-message"  # their marker is wrong
    marked = b"".join(wrapped(MARKER + len(body).to_bytes(2) + body[18:]) for body in bodies)
    batches, damage, tally = read(marked + GOOD)
    assert kinds(batches) == {"other": 3, "announce": 1}
    assert {error.reason for error in damage} == {"bad-attributes"}
    assert tally.records + tally.dead == len(bodies) + 1


@pytest.mark.parametrize("subtype", [1, 4, 8, 9])
def test_every_message_of_every_packet_capture_is_counted(data, subtype):
    captures = sorted((data / "feeds/hostile/tcpdump-tests").glob("*.pcap*"))
    assert len(captures) == 43
    for capture in captures:
        found = messages(capture)
        _, damage, tally = read(b"".join(wrapped(m, subtype) for m in found) + GOOD)
        assert tally.records + tally.dead - tally.torn == len(found) + 1, capture.name
        assert all(error.reason != "lost-boundary" for error in damage), capture.name
