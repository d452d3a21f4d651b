"""Damaged compressed files: all that was good before the damage is read, to the byte, and the damage is named."""

import bz2
import gzip
import lzma
import tracemalloc
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError, gave_up
from pipeline.feeds import open_source
from pipeline.feeds.unpack import unpacked
from pipeline.records import Rows

PACKERS = {"gzip": gzip.compress, "bzip2": partial(bz2.compress, compresslevel=1), "xz": lzma.compress}

UNPACKERS = {"gzip": partial(zlib.decompressobj, 31), "bzip2": bz2.BZ2Decompressor, "xz": lzma.LZMADecompressor}

TEXT = np.random.default_rng(4).bytes(400_000).hex().encode()


def content(path: Path, packed: bytes, at: int) -> tuple[bytes, tuple[str, str, str]]:
    """What is read of a file in which one byte is wrong, and its damage."""
    path.write_bytes(packed[:at] + bytes([packed[at] ^ 0xFF]) + packed[at + 1 :])
    raw, stream = unpacked(path)
    with stream:
        read = stream.read()
    assert raw.damage is not None
    return read, raw.damage


@pytest.mark.parametrize("size", [1000, len(TEXT)])
@pytest.mark.parametrize("kind", PACKERS)
def test_a_wrong_checksum_at_the_end_takes_nothing_of_the_content(tmp_path: Path, kind: str, size: int) -> None:
    packed = PACKERS[kind](TEXT[:size])
    at = len(packed) - {"gzip": 6, "bzip2": 3, "xz": 1}[kind]
    read, damage = content(tmp_path / "x", packed, at)
    assert read == TEXT[:size]
    assert damage[0] == f"damaged-{kind}"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", PACKERS)
def test_all_that_a_decompressor_makes_of_the_bytes_before_the_damage_is_read(tmp_path, kind, share):
    packed = PACKERS[kind](TEXT)
    at = int(share * len(packed))
    read, (reason, place, _) = content(tmp_path / "x", packed, at)
    good = UNPACKERS[kind]().decompress(packed[:at])
    assert len(good) > (share - 0.07 - (kind == "bzip2") * 0.125) * len(TEXT)  # it holds a block back
    assert read.startswith(good)
    assert reason == f"damaged-{kind}"
    assert int(place.split()[1]) >= at


@pytest.mark.parametrize("kind", PACKERS)
def test_damage_in_the_second_of_two_streams_takes_nothing_of_the_first(tmp_path: Path, kind: str) -> None:
    one, two = (PACKERS[kind](part) for part in (TEXT[:300_000], TEXT[300_000:301_000]))
    read, _ = content(tmp_path / "x", one + two, len(one) + len(two) - {"gzip": 6, "bzip2": 3, "xz": 1}[kind])
    assert read == TEXT[:301_000]


@pytest.mark.parametrize("piece", [1000, 100_000, -1])
def test_of_bzip2_nothing_is_read_that_its_checksum_did_not_confirm(tmp_path: Path, piece: int) -> None:
    text = b"".join(b"2024-02-08T00:00Z,bgp.ris,asn,AS%d,%d\n" % (n, n) for n in range(9000))
    blocks = PACKERS["bzip2"](text)
    for at in range(100, len(blocks), 1999):
        (tmp_path / "x").write_bytes(blocks[:at] + bytes([blocks[at] ^ 2]) + blocks[at + 1 :])
        raw, stream = unpacked(tmp_path / "x")
        with stream:
            read = b"".join(iter(lambda stream=stream: stream.read(piece), b""))
        assert raw.damage is not None
        assert text.startswith(read)
        assert len(read) > len(text) * at / len(blocks) - 2 * 100_000  # a block of level 1


def test_a_bzip2_block_of_long_runs_is_held_back_within_a_bound(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(bz2.compress(b"\0" * 30_000_000))
    tracemalloc.start()
    _, stream = unpacked(tmp_path / "bomb")
    with stream:
        assert sum(len(piece) for piece in iter(lambda: stream.read(100_000), b"")) == 30_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000


def test_the_way_back_to_a_damage_is_bounded_too(tmp_path: Path) -> None:
    packed = gzip.compress(b"\0" * 20_000_000)
    (tmp_path / "bomb").write_bytes(packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:])
    tracemalloc.start()
    raw, stream = unpacked(tmp_path / "bomb")
    with stream:
        assert sum(len(piece) for piece in iter(lambda: stream.read(100_000), b"")) == 20_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert raw.damage is not None
    assert peak < 4_000_000


def test_a_small_table_with_a_wrong_checksum_gives_every_row_and_is_given_up(tmp_path: Path) -> None:
    rows = b"".join(b"2024-02-08T%02d:00Z,bgp.ris,country,PK,7\n" % hour for hour in range(24))
    packed = bytearray(gzip.compress(b"time,signal,entity_type,entity,value\n" + rows))
    packed[-6] ^= 1
    (tmp_path / "signals.csv.gz").write_bytes(packed)
    damage, table = open_source(tmp_path / "signals.csv.gz").items()
    assert isinstance(table, Rows)
    assert len(table) == 24
    assert gave_up(damage.reason)  # type: ignore[union-attr]
    assert "what was read before it is unchecked and may be wrong" in damage.detail  # type: ignore[union-attr]
    assert damage.detail.endswith("the last row used is of 2024-02-08T23:00:00Z")  # type: ignore[union-attr]


def test_a_recording_that_is_gone_before_its_turn_is_one_sentence(tmp_path: Path) -> None:
    message = b'{"type": "ris_message", "data": {"timestamp": 1700000100, "peer": "192.0.2.1", "peer_asn": "64496"}}\n'
    (tmp_path / "gone.ndjson").write_bytes(message)
    source = open_source(tmp_path / "gone.ndjson")
    source.path.unlink()
    with pytest.raises(UserError, match=r"gone\.ndjson: No such file or directory"):
        list(source.items())
