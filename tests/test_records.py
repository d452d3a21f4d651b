"""Records: what contradicts itself is named, batches are joined row by row, and older JSON is still read."""

from dataclasses import replace

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from pipeline.codec import decode, encode
from pipeline.feeds.base import joined
from pipeline.records import UP, Elements, Entity, Frame, Peer, Progress, Run, wrong
from pipeline.signals.binning import no_bins
from tests.frames import BEAT, BINS, ELEMENTS, ONE, ROWS, RUN, VERDICTS
from tests.signals.synthetic_bgp import Element, elements


@pytest.mark.parametrize("frame", [ROWS, BEAT, BINS, VERDICTS, ELEMENTS, replace(no_bins(RUN, "table", 3), status=UP)])
def test_a_sound_frame_is_sound_on_the_wire_too(frame: Frame) -> None:
    assert wrong(frame) == ""
    assert wrong(decode(encode(frame))) == ""


@pytest.mark.parametrize(
    "frame",
    [
        replace(ROWS, time=np.array([300, 2**40])),
        replace(ROWS, time=np.array([300])),
        replace(ROWS, entity=np.array([0, 1], np.int32)),
        replace(ROWS, entity=np.array([0, -1], np.int32)),
        replace(ROWS, value=np.array([1, 2])),
        replace(ROWS, width=0),
        replace(ROWS, width="300"),
        replace(ROWS, slots=(7, 3)),
        replace(ROWS, run=Run(7, "replay")),  # type: ignore[arg-type]
        replace(ROWS, entities=(Entity("country", None, "PK"),)),  # type: ignore[arg-type]
        replace(BEAT, time=1.5),
        replace(BEAT, time=-1),
        replace(BEAT, status="?"),
        replace(BEAT, signals=(1,)),
        replace(BEAT, networks=(Entity("asn", "AS1", None),)),  # type: ignore[arg-type]
        replace(BINS, start=np.array([300, 300]), value=np.ones((2, 1)), health=np.ones((2, 1), "f4")),
        replace(BINS, value=np.ones((1, 2))),
        replace(BINS, watermark=None),
        replace(BINS, watermark=2**62),
        replace(BINS, start=np.array([300.0])),
        replace(BINS, entities=(Entity("country", "PK", "PK", [1]),)),  # type: ignore[arg-type]
        replace(VERDICTS, state=np.ones((1, 1))),
        replace(VERDICTS, settled=np.ones((1, 2), bool)),
        replace(VERDICTS, start=np.array([2**62])),
        replace(ROWS, phase=2**62),
        replace(ELEMENTS, peers=(Peer(2**70, "192.0.2.1"),)),
        replace(ELEMENTS, peers=(Peer(1, "192.0.2.1", []),)),  # type: ignore[arg-type]
        replace(VERDICTS, common=np.ones(2)),
        replace(VERDICTS, common=ONE),
        replace(ELEMENTS, peer=np.array([1], np.int32)),
    ],
)
def test_a_frame_that_contradicts_itself_or_has_other_types_is_refused_with_a_reason(frame: Frame) -> None:
    assert refusal(frame)


def refusal(frame: Frame) -> str:
    try:
        return wrong(decode(encode(frame)))
    except ValueError as error:
        return str(error)


FIRST, SECOND = Peer(64500, "192.0.2.1"), Peer(64501, "192.0.2.2")
SAID = [
    Element(60, "announce", FIRST, "10.0.0.0/8", 64510),
    Element(61, "announce", SECOND, "2001:db8::/32", 64511),
    Element(61, "state", SECOND, state=6),
    Element(59, "withdraw", FIRST, "10.0.0.0/8"),
    Element(62, "other", SECOND),
]


def test_elements_that_are_joined_are_those_of_one_batch_in_the_order_of_arrival():
    whole, one_by_one = elements(SAID), joined([elements([said]) for said in SAID])
    assert one_by_one.peers == whole.peers
    for name, kind in Elements.COLUMNS.items():
        found = getattr(one_by_one, name)
        assert found.dtype == kind, name
        np.testing.assert_array_equal(found, getattr(whole, name), name)


def test_a_heartbeat_without_a_reason_of_before_is_still_read():
    reader = pa.ipc.open_stream(encode(BEAT))
    head = reader.schema.metadata[b"head"].replace(b',"reason":""', b"")
    assert b"reason" not in head
    sink = pa.BufferOutputStream()
    pa.ipc.new_stream(sink, reader.schema.with_metadata({"head": head})).close()
    assert decode(sink.getvalue().to_pybytes()) == BEAT


def test_progress_of_before_which_did_not_tell_what_is_left_is_still_read():
    progress = b'{"run":"r","partition":3,"watermark":600,"judged":7,"ended":true,"missed":1}'
    assert msgspec.json.decode(progress, type=Progress) == Progress("r", 3, 600, 7, ended=True, missed=1, left=())
