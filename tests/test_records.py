"""Batches are joined row by row, names and all, and letters and progress of before are still read."""

import msgspec
import numpy as np

from pipeline.feeds.base import joined
from pipeline.records import DeadLetter, Elements, Peer, Progress
from tests.signals.synthetic_bgp import Element, elements

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


def test_a_letter_of_before_which_named_a_source_is_still_read():
    letter = b'{"run":"r","feed":"table","reason":"bad-row","place":"line 2","detail":"7","source":""}'
    assert msgspec.json.decode(letter, type=DeadLetter) == DeadLetter("r", "table", "bad-row", "line 2", "7")


def test_progress_of_before_which_did_not_tell_what_is_left_is_still_read():
    progress = b'{"run":"r","partition":3,"watermark":600,"judged":7,"ended":true,"missed":1}'
    assert msgspec.json.decode(progress, type=Progress) == Progress("r", 3, 600, 7, ended=True, missed=1, left=())
