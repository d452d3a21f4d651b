"""Real recordings against what bgpdump made of them: how many elements, and which."""

import gzip
import re
import socket
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest

from pipeline.feeds import mrt
from pipeline.feeds.prefixes import pack_prefix
from pipeline.records import ANNOUNCE, OTHER, RIB, STATE, WITHDRAW, Elements
from tests.pipeline.mrts import kinds, opened, read

LETTERS = {"A": ANNOUNCE, "W": WITHDRAW, "STATE": STATE, "B": RIB}
WORDS = {"A": "announce", "W": "withdraw", "STATE": "state", "B": "rib"}

CLEAN = 1
"""Lines that bgpdump writes on stderr when nothing is wrong."""

DIFFERENCES: dict[str, tuple[dict[str, int], dict[str, int], str]] = {
    "bgpkit-parser/bview.20000111.0032.gz": (
        {"B": 452_018 - 1},
        {},
        "each record states four bytes too few; bgpdump loses the boundary after the first entry, we take the four",
    ),
    "bgpkit-parser/updates.20000325.0345.gz": (
        {"A": 4_660 - 2, "W": 718 - 2_044, "STATE": 307},
        {"lost-boundary": 2},
        "bgpdump reads the rest of the file as one message, 2,044 withdrawals of nothing; we go on behind the damage",
    ),
    "bgpkit-parser/updates.20001104.0124.gz": (
        {"STATE": 322 - 364},
        {"short-header": 42 + 21},
        "42 changes of state (8 bytes) and 21 opens (33 bytes) without the peer's address: AS0 at 0.0.0.0 in bgpdump",
    ),
    "t2mune-mrtparse/bird_bgp": (
        {"A": 14 - 24},
        {},
        "path ids in records that should have none: bgpdump reads 3 default routes and 1 wrong one before it gives up",
    ),
    "t2mune-mrtparse/bird6_bgp": ({"A": 14 - 32}, {}, "the same in IPv6"),
    "t2mune-mrtparse/openbgpd_rib_table-mp": ({}, {"unsupported-type": 31}, "a subtype that was withdrawn in 2011"),
    "ripencc-bgpdump/updates.nlri_mask_trailing_bits.gz": (
        {},
        {"torn-prefixes": 1},
        "after 11.8.0.0/13 the list ends in a single byte: bgpdump drops it and says nothing",
    ),
}
"""What differs from bgpdump: elements more or fewer, damage, and why."""


@cache
def counts(data: Path) -> dict[str, tuple[int, dict[str, int]]]:
    """Lines of stderr and elements by kind, for each file that bgpdump has read."""
    lines = (data / "feeds/mrt/COUNTS.txt").read_text().splitlines()
    return {line.split()[0]: (int(line.rpartition("warn=")[2]), _elements(line)) for line in lines}


def _elements(line: str) -> dict[str, int]:
    return {letter: int(n) for letter, n in re.findall(r" (A|W|STATE|B)=(\d+)", line)}


def test_every_recording_gives_the_elements_of_bgpdump_or_a_difference_that_is_explained(data):
    for name, (_, expected) in counts(data).items():
        more, damaged, _ = DIFFERENCES.get(name, ({}, {}, ""))
        batches, damage, tally = read(opened(data / "feeds/mrt" / name))
        found = kinds(batches)
        ours = {letter: found.get(word, 0) for letter, word in WORDS.items()}
        assert ours == {letter: expected.get(letter, 0) + more.get(letter, 0) for letter in WORDS}, name
        reasons = [error.reason for error in damage]
        assert {reason: reasons.count(reason) for reason in reasons} == damaged, name
        assert tally.records + tally.dead - tally.torn >= 1


def test_where_bgpdump_has_no_complaint_the_counts_are_equal(data):
    silent = {name for name, (warnings, _) in counts(data).items() if warnings <= CLEAN}
    assert len(silent) == 25
    assert {name for name in silent if DIFFERENCES.get(name, ({}, {}, ""))[0]} == set()


def test_four_contiguous_recordings_hold_what_their_source_says(data):
    batches = [b for n in range(4) for b in read(opened(data / f"feeds/mrt/csunetsec-gobgpdump/arch{n}"))[0]]
    assert kinds(batches) == {"announce": 123_682, "withdraw": 13_730}
    times = [int(time) for batch in batches for time in (batch.time[0], batch.time[-1])]
    assert times == sorted(times)
    assert len({peer for batch in batches for peer in batch.peers}) == 35


def golden(file: Path) -> Iterator[tuple]:
    """time, kind, peer, and (prefix, origin AS) or the state, from the text of ``bgpdump -m``."""
    with gzip.open(file, "rt") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("|")
            kind = LETTERS[fields[2]]
            head = int(fields[1].partition(".")[0]), kind, _address(fields[3]), int(fields[4])
            if kind == STATE:
                yield *head, int(fields[6])
            else:
                paths = 7 if fields[0].endswith("_AP") else 6  # with ADD-PATH the path id comes first
                yield *head, pack_prefix(fields[5]), 0 if kind == WITHDRAW else _origin(fields[paths])


@cache
def _address(text: str) -> str:
    """An address as this system writes it: older ones shorten a single zero."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, text))


def _origin(path: str) -> int:
    last = path.rpartition(" ")[2].strip("{}")
    return 0 if "," in last or not last else int(last)


def ours(batches: list[Elements]) -> Iterator[tuple]:
    """The same from elements."""
    for batch in batches:
        columns = (getattr(batch, name).tolist() for name in ("time", "kind", "peer", "state", "origin"))
        packed = zip(*(getattr(batch, name).tolist() for name in ("hi", "lo", "family", "length")), strict=True)
        for time, kind, peer, state, origin, (hi, lo, family, length) in zip(*columns, packed, strict=True):
            head = time, kind, batch.peers[peer].address, batch.peers[peer].asn
            if kind == STATE:
                yield *head, state
            elif kind != OTHER:
                shown = family or (6 if lo or hi >> 61 == 1 else 4)  # multicast
                yield *head, hi.to_bytes(8) + lo.to_bytes(8) + bytes((shown, length)), origin


GOLDEN = [
    "bview.64k_stream_overflow", "bview.ipv4_unicast_add_path", "bview.ipv6_unicast_add_path", "updates.20020722.2238",
    "updates.20070211.0141", "updates.20071015.1505", "updates.20100722.2015", "updates.20160811.1600",
    "updates.long_withdrawal", "updates.nlri_mask_trailing_bits", "bview.20020722.2337",
    pytest.param("updates.et-header.2015", marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_every_element_is_the_one_that_bgpdump_prints(data, name):
    batches, _, _ = read(opened(data / "feeds/mrt/ripencc-bgpdump" / f"{name}.gz"))
    lines = golden(data / "feeds/mrt/ripencc-bgpdump-expected" / f"{name}.gz.bgp.gz")
    for number, (line, element) in enumerate(zip_longest(lines, ours(batches)), 1):
        assert element == line, f"line {number}"


def test_every_recording_is_recognised(data):
    for name in counts(data):
        assert mrt.recognise("", opened(data / "feeds/mrt" / name).read(4096)), name
