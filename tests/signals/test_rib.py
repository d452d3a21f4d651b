"""The RIB's size: it grows with the table, shrinks again, and a flood finds no room."""

import numpy as np

from pipeline.records import Elements
from pipeline.settings import Counting
from pipeline.signals.rib import prefix_keys
from pipeline.signals.visibility import Visibility
from tests.signals.synthetic_bgp import binner, peers, say, series, table_dump

THREE = peers(3)


def loaded(**changed) -> Visibility:
    """A binner in which three peers have one prefix of Pakistan."""
    vis = binner(Counting(**({"floors": {4: 1, 6: 1}, "min_peers": 1} | changed)))
    vis.add(say("rib", 0, "10.0.0.0/16", sessions=THREE))
    return vis


def flood(time: int, kind: int, first: int, many: int) -> Elements:
    """So many /32s of 10.0.0.0/8, announced (0) or withdrawn (1)."""
    hi = (np.uint64(10 << 24) + np.arange(first, first + many, dtype=np.uint64)) << np.uint64(32)
    batch = table_dump(time, THREE[:1], hi, np.full(many, 32), np.full(many, 64500))
    batch.kind[:] = kind
    return batch


def pakistan(vis: Visibility, until: int) -> float:
    return series(vis.close(until), "country/PK")[-1]


def test_prefixes_that_are_not_announced_any_more_are_dropped():
    vis = loaded()
    vis.close(300)
    for i in range(1, 20):
        vis.add(flood(300 * i + 1, 0, 4000 * i, 4000))
        vis.add(flood(300 * i + 2, 1, 4000 * i, 4000))
        vis.add(flood(300 * i + 301, 0, 2**20 + 5 * i, 5))  # waits for its bin while rows are numbered anew
        assert pakistan(vis, 300 * i + 300) == 256
    vis.close(7000)
    rib = vis.families[4].rib
    assert len(rib) < 10_000
    kept = rib.index.find(prefix_keys(flood(0, 0, 2**20 + 5, 95).hi, np.full(95, 32)))
    assert (rib.origin[kept, 0] == 64500).all()
    assert rib.size[0] == 96


def test_a_flood_of_prefixes_or_sessions_is_returned_and_what_was_there_stays():
    vis = loaded(max_prefixes=2048)
    returned = vis.add(flood(10, 0, 0, 5000))
    assert returned is not None
    assert len(returned) == vis.crowded == 5001 - 2048
    assert pakistan(vis, 300) == 256
    vis = loaded(max_sessions=3)
    returned = vis.add(say("rib", 0, "10.0.0.0/16", sessions=peers(5)))
    assert returned is not None
    assert [returned.peers[p] for p in returned.peer] == list(peers(5)[3:])
    assert (len(vis.sessions), vis.crowded) == (3, 2)


def test_elements_of_the_far_future_do_not_pile_up():
    vis = loaded(max_waiting=1000)
    for i in range(4):
        vis.add(flood(10**9 + i, 0, 600 * i, 600))
        assert sum(len(words.time) for words in vis.waiting) <= 1000
    assert pakistan(vis, 300) == 256
