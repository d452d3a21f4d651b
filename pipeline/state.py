"""The state of a stage as bytes and back, and how many runs it has.  The same state gives the same bytes."""

import io
from collections.abc import MutableMapping
from typing import Any, TypeVar

import msgspec
import numpy as np

from pipeline.records import Run

FORMS = {"bin": 7, "merge": 5, "judge": 26, "fuse": 33}
"""Form of each stage's state.  A change of what a `save` writes raises the stage's number, so that a worker refuses a
snapshot that it would misread."""


def pack(head: Any, arrays: dict[str, np.ndarray]) -> bytes:
    """A snapshot of a JSON-able head and named arrays."""
    sink = io.BytesIO()
    text = np.frombuffer(msgspec.json.encode(head), np.uint8)
    for name, array in {"head": text, **arrays}.items():
        label = name.encode()
        sink.write(len(label).to_bytes(4, "little") + label)
        np.lib.format.write_array(sink, np.asarray(array, order="C"), allow_pickle=False)
    return sink.getvalue()


def unpack(state: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    """Head and arrays of a snapshot."""
    source, arrays = io.BytesIO(state), {}
    while size := source.read(4):
        name = source.read(int.from_bytes(size, "little")).decode()
        arrays[name] = np.lib.format.read_array(source, allow_pickle=False)
    return msgspec.json.decode(arrays.pop("head").tobytes()), arrays


CROWD = 16  # runs of one tense that a stage keeps side by side [-].  A killed replay has no end: the oldest makes room.
LIVE = "live"  # id of the run from ingest, which never makes room.  A replay with the tense live has another id.
ENDED = 1000  # ended streams that a stage remembers, so that a repeated frame does not begin them again [-]

K = TypeVar("K")
S = TypeVar("S")


def touch(streams: MutableMapping[K, Any], key: K, crowd: int = CROWD) -> list[K]:
    """Note that a stream goes on; returns the streams that were removed to make room for it.

    Each stream has its ``run``; the mapping is in order of last use.
    """
    streams[key] = streams.pop(key)
    order: dict[str, Run] = {}
    for stream in reversed(list(streams.values())):
        order.setdefault(stream.run.id, stream.run)
    passing = [run for run in order.values() if run.id != LIVE]
    tenses = {run.tense for run in passing}
    crowded = {name for tense in tenses for name in [run.id for run in passing if run.tense == tense][crowd:]}
    gone = [name for name, stream in streams.items() if stream.run.id in crowded] if crowded else []
    for name in gone:
        del streams[name]
    return gone


def remember(ended: dict[K, None], key: K, most: int = ENDED) -> None:
    """Remember an ended stream; the oldest ones are dropped."""
    ended.pop(key, None)
    ended[key] = None
    while len(ended) > most:
        del ended[next(iter(ended))]
