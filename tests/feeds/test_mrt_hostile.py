"""Recordings and messages that were damaged, or made to break parsers."""

from pathlib import Path

import pytest

from pipeline.feeds import mrt
from tests.feeds.mrts import MARKER, NET, announced, kinds, opened, read, record, session, whole

GOOD = announced(NET)
WHOLE = {"announce": 1435, "withdraw": 122, "state": 4, "other": 30}
"""What the recording holds from which the damaged ones were made."""


@pytest.mark.parametrize(
    ("name", "lost", "missing", "reasons"),
    [
        ("garbage_prefix.mrt", 18, {}, ["lost-boundary"]),
        ("huge_record_len.mrt", 51, {"other": 1}, ["lost-boundary"]),
        ("zero_record_len.mrt", 51, {"other": 1}, ["lost-boundary"]),
        ("trunc_midrecord.mrt", 100, {"announce": 804, "withdraw": 83, "state": 2, "other": 13}, ["truncated-record"]),
        ("trunc_gz_half.gz", 88, {"announce": 859, "withdraw": 91, "state": 2, "other": 18}, ["broken-stream"]),
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


def test_every_hostile_file_is_recognised_unless_no_record_is_in_it(data):
    folder = data / "feeds/hostile/mrt"
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix != ".md"]
    unknown = {file.name for file in files if not mrt.recognise("", opened(file).read(4096))}
    assert unknown == {"empty.mrt", "notgz.gz"}


# messages that were made to break parsers


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


@pytest.mark.parametrize(
    ("name", "subtype", "elements"),
    [
        ("bgp-enhanced-route-refresh-subtype.pcapng", 4, {"announce": 12, "other": 3}),
        ("bgp-large-community.pcap", 4, {"announce": 5}),
        ("bgp-bgpsec.pcap", 4, {"announce": 20, "other": 12}),
        ("bgp-role.pcapng", 4, {"announce": 11, "other": 5}),
        ("mpbgp-linklocal-nexthop.pcap", 1, {"announce": 1}),
    ],
)
def test_well_formed_messages_of_packet_captures_give_their_routes(data, name, subtype, elements):
    found = messages(data / "feeds/hostile/tcpdump-tests" / name)
    batches, damage, _ = read(b"".join(wrapped(m, subtype) for m in found))
    assert (kinds(batches), damage) == (elements, [])
