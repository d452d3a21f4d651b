"""The RIB's size: it grows with the table, shrinks again, and a flood finds no room."""

import numpy as np
import pytest

from pipeline.geo.places import Places
from pipeline.records import Elements, Run
from pipeline.settings import Counting
from pipeline.signals.rib import ABSENT, KeyIndex, Rib, key_prefixes, prefix_keys
from pipeline.signals.visibility import Visibility
from tests.signals.synthetic_bgp import Element, elements, peers, table_dump

PLACES = Places.of([("10.0.0.0/8", "PK"), ("2001:db8::/32", "PK")])
THREE = peers(3)


def binner(**changed) -> Visibility:
    rules = Counting(**({"floors": {4: 1, 6: 1}, "min_peers": 1} | changed))
    return Visibility(Run(), "ris", 10, 256, ("bgp.ris", "bgp.ris6"), PLACES, rules)


def flood(time: int, kind: int, first: int, many: int, sessions=THREE[:1]) -> Elements:
    """So many /32s of 10.0.0.0/8, announced (0) or withdrawn (1)."""
    hi = (np.uint64(10 << 24) + np.arange(first, first + many, dtype=np.uint64)) << np.uint64(32)
    batch = table_dump(time, sessions, hi, np.full(many, 32), np.full(many, 64500))
    batch.kind[:] = kind
    return batch


def pakistan(vis: Visibility, until: int) -> float:
    four = vis.close(until)[0]
    return float(four.value[-1, [e.name for e in four.entities].index("PK")])


def test_keys_tell_prefixes_apart_and_give_them_back():
    rng = np.random.default_rng(3)
    length = rng.integers(0, 64, 5000)
    hi = (rng.integers(0, 2**63, 5000).astype(np.uint64) << np.uint64(1)) & ~(
        (np.uint64(2**63) >> length.astype(np.uint64)) * np.uint64(2) - np.uint64(1)
    )
    hi[length == 0] = 0
    keys = prefix_keys(hi, length)
    again, masks = key_prefixes(keys)
    assert np.array_equal(again, hi)
    assert np.array_equal(masks, length)
    assert len(np.unique(keys)) == len(np.unique(np.stack((hi, length.astype(np.uint64))), axis=1).T)


def test_the_index_finds_every_key_however_they_came():
    rng = np.random.default_rng(4)
    index, rows = KeyIndex(), {}
    for _ in range(20):
        keys = rng.integers(0, 400, 50).astype(np.uint64)
        for key, row in zip(keys.tolist(), index.rows(keys, most=1000).tolist(), strict=True):
            assert rows.setdefault(key, row) == row
    assert sorted(rows.values()) == list(range(len(index)))
    assert index.find(np.array([999], np.uint64)).tolist() == [-1]


def test_growing_keeps_every_cell():
    rib = Rib(most=10_000)
    rng = np.random.default_rng(5)
    cells: dict[tuple[int, int], int] = {}
    for width in (3, 9, 40):
        rib.widen(width)
        keys = rng.integers(1, 5000, 2000).astype(np.uint64)
        session, origin = rng.integers(0, width, 2000), rng.integers(0, 9, 2000)
        rib.write(rib.rows(keys), session, np.full(2000, width), origin.astype(np.uint32))
        cells |= dict(zip(zip(keys.tolist(), session.tolist(), strict=True), origin.tolist(), strict=True))
    keys = np.array([key for key, _ in cells], np.uint64)
    assert rib.origin[rib.rows(keys), [s for _, s in cells]].tolist() == list(cells.values())
    assert rib.size[:40].tolist() == (rib.origin != ABSENT).sum(axis=0)[:40].tolist()


def test_prefixes_that_nobody_announces_any_more_are_dropped():
    vis = binner()
    vis.add(elements(Element(0, "rib", peer, "10.0.0.0/16", 1) for peer in THREE))
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


def test_a_flood_of_prefixes_is_returned_and_what_was_there_stays():
    vis = binner(max_prefixes=2048 * 256)
    vis.add(elements(Element(0, "rib", peer, "10.0.0.0/16", 1) for peer in THREE))
    returned = vis.add(flood(10, 0, 0, 5000))
    assert returned is not None
    assert len(returned) == vis.crowded == 5001 - 2048
    assert pakistan(vis, 300) == 256


def test_a_flood_of_sessions_is_returned():
    vis = binner(max_sessions=3)
    returned = vis.add(elements(Element(0, "rib", peer, "10.0.0.0/16", 1) for peer in peers(5)))
    assert returned is not None
    assert [returned.peers[p] for p in returned.peer] == list(peers(5)[3:])
    assert (len(vis.sessions), vis.crowded) == (3, 2)


def test_elements_of_the_far_future_do_not_pile_up():
    vis = binner(max_waiting=1000)
    vis.add(elements(Element(0, "rib", peer, "10.0.0.0/16", 1) for peer in THREE))
    for i in range(4):
        vis.add(flood(10**9 + i, 0, 600 * i, 600))
        assert sum(len(words.time) for words in vis.waiting) <= 1000
    assert pakistan(vis, 300) == 256


@pytest.mark.parametrize("time", [-5, 0, 2**32, 2**62])
def test_impossible_times_do_no_harm(time):
    vis = binner()
    vis.add(elements(Element(3000, "rib", peer, "10.0.0.0/16", 1) for peer in THREE))
    vis.add(elements([Element(time, "withdraw", THREE[0], "10.0.0.0/16"), Element(time, "state", THREE[1], state=1)]))
    assert pakistan(vis, 3300) == 256


def test_the_same_history_gives_the_same_bytes():
    def saved() -> bytes:
        vis = binner()
        vis.add(elements(Element(0, "rib", peer, "10.0.0.0/16", 1) for peer in THREE))
        vis.add(flood(400, 0, 0, 50))
        vis.close(300)
        return vis.save()

    assert saved() == saved()
