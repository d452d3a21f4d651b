"""Real recordings against what bgpdump made of them: how many elements, and which."""

import csv
import gzip
import io
import re
import socket
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import islice, zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pytest

from pipeline.feeds import mrt
from pipeline.feeds.bgp import pack_prefix
from pipeline.records import ANNOUNCE, OTHER, RIB, STATE, WITHDRAW, Elements
from tests.feeds.mrts import kinds, opened, read, whole

LETTERS = {"A": ANNOUNCE, "W": WITHDRAW, "STATE": STATE, "B": RIB}
WORDS = {"A": "announce", "W": "withdraw", "STATE": "state", "B": "rib"}


class Difference(NamedTuple):
    """A place of a recording that bgpdump reads otherwise, what both make of it, and why.

    ``ours`` has elements by letter and dead letters by reason; ``theirs`` is what ``bgpdump -m`` 1.6.2 prints for it.
    """

    begin: int
    end: int
    ours: Counter
    theirs: Counter
    reason: str


@cache
def differences() -> dict[str, list[Difference]]:
    """Record by record (where bgpdump has lost the boundary, up to the next place), in order, by file."""
    found = defaultdict(list)
    with (Path(__file__).parent / "mrt_differences.csv").open(newline="") as rows:
        for file, begin, end, mine, theirs, reason in islice(csv.reader(rows), 1, None):
            found[file].append(Difference(int(begin), int(end), _counted(mine), _counted(theirs), reason))
    return dict(found)


def _counted(text: str) -> Counter:
    return Counter({word: int(n) for word, _, n in (part.partition("=") for part in text.split())})


@cache
def counts(data: Path) -> dict[str, Counter]:
    """Elements by letter, for each file that bgpdump has read."""
    lines = (data / "feeds/mrt/COUNTS.txt").read_text().splitlines()
    return {
        line.split()[0]: Counter({letter: int(n) for letter, n in re.findall(r" (A|W|STATE|B)=(\d+)", line)})
        for line in lines
    }


def test_every_recording_gives_the_elements_of_bgpdump_or_each_difference_is_explained(data):
    for name, expected in counts(data).items():
        explained = differences().get(name, [])
        found = decoded(opened(data / "feeds/mrt" / name))
        more = sum((place.ours for place in explained), Counter())
        fewer = sum((place.theirs for place in explained), Counter())
        assert found + fewer == expected + more, name


def test_each_explained_difference_is_of_its_own_record_and_nothing_else_differs(data):
    for name, places in differences().items():
        content = whole(data / "feeds/mrt" / name)
        edges = [0, *(edge for place in places for edge in (place.begin, place.end)), len(content)]
        assert edges == sorted(edges), name
        alike = [decoded(io.BytesIO(content[a:b])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        fewer = sum((place.theirs for place in places), Counter())
        assert sum(alike, Counter()) + fewer == counts(data)[name], name
        for place in places:
            alone = decoded(io.BytesIO(content[place.begin : place.end]))
            assert _dead(alone) == _dead(place.ours), (name, place)
            assert place.reason, (name, place)


def _dead(found: Counter) -> Counter:
    """Dead letters without their reason: a record cut out alone has nothing behind it to go on with."""
    return Counter({letter: n for letter, n in found.items() if letter in LETTERS}) + Counter(
        dead=sum(n for reason, n in found.items() if reason not in LETTERS)
    )


def decoded(stream: BinaryIO) -> Counter:
    """Elements by letter and dead letters by reason."""
    batches, damage, tally = read(stream)
    assert tally.records + tally.dead - tally.torn >= bool(batches or damage)
    letters = {letter: kinds(batches).get(word, 0) for letter, word in WORDS.items()}
    return +(Counter(letters) + Counter(error.reason for error in damage))


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
                yield *head, bytes((shown, length)) + hi.to_bytes(8) + lo.to_bytes(8), origin


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
