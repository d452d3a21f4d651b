"""The codec of records: columnar Arrow frames on the high-rate topics, JSON on the low-rate ones.

A frame is an Arrow IPC stream with one row whose cells are lists, so that arrays of different lengths (bins, entities,
bins x entities) share one message; scalars are JSON in the schema's metadata.
"""

import dataclasses
from typing import Any, get_type_hints

import msgspec
import numpy as np
import pyarrow as pa

from pipeline.records import FRAMES, Frame, Outage

DAMAGE = (pa.ArrowException, msgspec.DecodeError, LookupError, TypeError, AttributeError, ValueError, OSError)
"""What the reading of a damaged message raises; OSError comes from pyarrow."""

TIMES = ("start", "end", "detected_at", "confirmed_at")  # fields of an outage that are times
SPANS = ("start_between", "end_between")  # and that are two


class Form(msgspec.Struct):
    """The kind of a frame, and the shapes of its two-dimensional arrays."""

    frame: str
    shapes: dict[str, tuple[int, ...]]


def _head(cls: type[Frame]) -> type[msgspec.Struct]:
    kinds = get_type_hints(cls)
    scalars = [field for field in dataclasses.fields(cls) if kinds[field.name] is not np.ndarray]
    names: list[Any] = [
        (f.name, kinds[f.name], *([] if f.default is dataclasses.MISSING else [f.default])) for f in scalars
    ]  # what an older frame lacks has its default
    return msgspec.defstruct(f"{cls.__name__}Head", names)


HEADS = {name: _head(cls) for name, cls in FRAMES.items()}


def outage_json(outage: Outage, **more: str) -> bytes:
    """An outage as one JSON object, times in ISO UTC, with ``more`` fields."""
    fields = msgspec.structs.asdict(outage) | more
    fields |= {name: None if fields[name] is None else iso(fields[name]) for name in TIMES}
    fields |= {name: None if fields[name] is None else [iso(time) for time in fields[name]] for name in SPANS}
    return msgspec.json.encode(fields)


def outage_from(line: bytes) -> Outage:
    """The outage of that JSON object; ValueError where it is none."""
    fields = msgspec.json.decode(line)
    fields |= {name: None if fields[name] is None else seconds(fields[name]) for name in TIMES}
    fields |= {name: [seconds(time) for time in fields[name]] for name in SPANS if fields.get(name) is not None}
    return msgspec.convert(fields, Outage)


def iso(time: int) -> str:
    """UTC ISO time of seconds."""
    return f"{np.datetime64(time, 's')}Z"


def seconds(text: str) -> int:
    """Seconds of a UTC ISO time."""
    return int(np.datetime64(text.removesuffix("Z"), "s").astype(np.int64))


def encode(frame: Frame) -> bytes:
    """One frame as an Arrow IPC stream."""
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
        text = (reader.schema.metadata or {})[b"head"]
        form = msgspec.json.decode(text, type=Form)
        head = msgspec.json.decode(text, type=HEADS[form.frame])
        batches = list(reader)
        for batch in batches:
            batch.validate()  # a damaged length would be read beyond its buffer
        arrays = {}
        for name in reader.schema.names:
            flat = batches[0].column(name).values.to_numpy(zero_copy_only=False)
            arrays[name] = flat.reshape(form.shapes[name]) if name in form.shapes else flat
        return FRAMES[form.frame](**msgspec.structs.asdict(head), **arrays)
    except DAMAGE as error:
        raise ValueError(f"not a netvigil frame: {error}") from error
