"""State as bytes and back: arrays beside a JSON head.  No pickle, the same state gives the same bytes."""

import io
from typing import Any

import msgspec
import numpy as np

FORMS = {"bin": 4, "merge": 4, "judge": 21, "fuse": 24}
"""Form of what each stage saves.  Whoever changes what a `save` writes raises the stage's number: a worker refuses a
snapshot of another form, in a sentence, where it would misread it."""


def pack(head: Any, arrays: dict[str, np.ndarray]) -> bytes:
    """A snapshot of a JSON-able head and named arrays.

    Examples
    --------
    >>> head, arrays = unpack(pack({"watermark": 600}, {"value": np.array([1.0, np.nan])}))
    >>> head, arrays["value"].tolist()
    ({'watermark': 600}, [1.0, nan])
    """
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
