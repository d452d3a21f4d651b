"""The codec of records: columnar Arrow frames on the high-rate topics, JSON on the low-rate ones.

A frame is an Arrow IPC stream with one row whose cells are lists, so that arrays of different lengths (bins, entities,
bins x entities) share one message; scalars are JSON in the schema's metadata.
"""

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from pipeline.records import FRAMES, Entity, Frame, Outage, Peer, Run

TIMES = ("start", "end", "detected_at", "confirmed_at")
"""Fields of an outage that are times."""


def outage_json(outage: Outage) -> bytes:
    """An outage as one JSON object, times in ISO UTC."""
    fields = msgspec.structs.asdict(outage)
    fields |= {name: None if fields[name] is None else iso(fields[name]) for name in TIMES}
    return msgspec.json.encode(fields)


def outage_from(line: bytes) -> Outage:
    """The outage of that JSON object; ValueError where it is none."""
    fields = msgspec.json.decode(line)
    fields |= {name: None if fields[name] is None else seconds(fields[name]) for name in TIMES}
    return msgspec.convert(fields, Outage)


def iso(time: int) -> str:
    """UTC ISO time of seconds.

    Examples
    --------
    >>> iso(1707357600), seconds("2024-02-08T02:00:00Z")
    ('2024-02-08T02:00:00Z', 1707357600)
    """
    return f"{np.datetime64(time, 's')}Z"


def seconds(text: str) -> int:
    """Seconds of a UTC ISO time."""
    return int(np.datetime64(text.removesuffix("Z"), "s").astype(np.int64))


def encode(frame: Frame) -> bytes:
    """One frame as an Arrow IPC stream.

    Examples
    --------
    >>> from pipeline.records import Heartbeat
    >>> beat = Heartbeat(Run("live", "live"), "ris", 0, 1707350400)
    >>> decode(encode(beat)) == beat
    True
    """
    head: dict[str, Any] = {"frame": type(frame).__name__}
    names, cells, shapes = [], [], {}
    for field in dataclasses.fields(frame):
        value = getattr(frame, field.name)
        if isinstance(value, np.ndarray):
            names.append(field.name)
            flat = pa.array(value.ravel())
            cells.append(pa.ListArray.from_arrays(pa.array([0, len(flat)], pa.int32()), flat))
            if value.ndim > 1:
                shapes[field.name] = value.shape
        else:
            head[field.name] = value
    head["shapes"] = shapes
    schema = pa.schema(
        [pa.field(n, c.type) for n, c in zip(names, cells, strict=True)], {"head": msgspec.json.encode(head)}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        if names:
            writer.write_batch(pa.record_batch(cells, schema=schema))
    return sink.getvalue().to_pybytes()


def decode(message: bytes) -> Frame:
    """The frame of a message; ValueError where it is none.  Arrays may be read-only views of the message."""
    try:
        reader = pa.ipc.open_stream(message)
        head = msgspec.json.decode((reader.schema.metadata or {})[b"head"])
        cls = FRAMES[head.pop("frame")]
        shapes = head.pop("shapes")
        batches = list(reader)
        for batch in batches:
            batch.validate()  # a damaged length would be read beyond its buffer
        arrays = {}
        for name in reader.schema.names:
            flat = batches[0].column(name).values.to_numpy(zero_copy_only=False)
            arrays[name] = flat.reshape(shapes[name]) if name in shapes else flat
        return cls(**_typed(head), **arrays)
    except (
        pa.ArrowException,
        msgspec.DecodeError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        ValueError,
        OSError,  # pyarrow's word for a damaged message
    ) as error:
        raise ValueError(f"not a netvigil frame: {error}") from error


def _typed(head: dict[str, Any]) -> dict[str, Any]:
    run = head["run"]
    head["run"] = Run(run[0], run[1], tuple(run[2]))
    for name in ("entities", "networks"):
        if name in head:
            head[name] = tuple(Entity(*e) for e in head[name])
    if "peers" in head:
        head["peers"] = tuple(Peer(*p) for p in head["peers"])
    for name in ("slots", "signals"):
        if name in head:
            head[name] = tuple(head[name])
    return head
