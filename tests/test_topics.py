"""Topics as a table, and the partition that a record belongs to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.records import ANNOUNCE, ESTABLISHED, OTHER, STATE, WITHDRAW, Elements, Entity, Peer, Rows, Run
from pipeline.topics import FOREVER, OUTAGES, STATUS, every, feed, partition_for, split

PARTITIONS = 8

addresses = st.tuples(st.sampled_from([4, 6]), st.integers(0, 2**64 - 1), st.integers(1, 32))
routes = st.tuples(st.sampled_from([ANNOUNCE, WITHDRAW]), addresses)
elements = st.lists(st.one_of(routes, st.tuples(st.sampled_from([STATE, OTHER]), st.just((0, 0, 0)))), max_size=40)


def batch(drawn: list) -> Elements:
    """Elements of one peer, one second apart: the time tells them apart again."""
    kind = np.array([kind for kind, _ in drawn], np.uint8)
    family, hi, length = np.array([a for _, a in drawn], np.uint64).reshape(-1, 3).T
    n = len(drawn)
    return Elements(
        Run(), "rislive", 0, (Peer(3333, "192.0.2.1"),), np.arange(n), kind, np.zeros(n, np.int32),
        family.astype(np.uint8), hi, np.zeros(n, np.uint64), length.astype(np.uint8), np.ones(n, np.uint32),
        np.where(kind == STATE, ESTABLISHED, 0).astype(np.uint8),
    )  # fmt: skip


@given(elements)
def test_a_route_is_in_exactly_one_part_in_order_and_a_state_change_in_all(drawn):
    whole = batch(drawn)
    parts = split(whole, PARTITIONS)
    assert [part.partition for part in parts] == sorted({part.partition for part in parts})
    assert all(len(part) and np.all(np.diff(part.time) > 0) for part in parts)
    assert all(part.partition == 0 or OTHER not in part.kind for part in parts)
    seen = np.bincount(np.concatenate([part.time for part in parts] or [whole.time]).astype(int), minlength=len(whole))
    assert seen.tolist() == [PARTITIONS if kind == STATE else 1 for kind in whole.kind]


@given(st.integers(0, 2**32 - 1), st.integers(8, 32))
def test_a_prefix_and_the_part_of_it_that_is_announced_apart_meet(address, length):
    inside = address << 32
    around = inside >> (64 - length) << (64 - length)
    assert len(split(batch([(ANNOUNCE, (4, around, length)), (WITHDRAW, (4, inside, 32))]), PARTITIONS)) == 1


def test_a_country_its_regions_and_its_networks_meet():
    entities = (
        Entity("country", "PK"),
        Entity("region", "PK-SD", "PK"),
        Entity("asn", "AS59257", "PK", True),
        Entity("country", "IQ"),
    )
    rows = Rows(
        Run(), "ioda", 0, "probing.ioda", 600, (), 0, entities,
        np.zeros(4, np.int64), np.arange(4, dtype=np.int32), np.array([1.0, 2.0, np.nan, 4.0]),
    )  # fmt: skip
    parts = {part.partition: part.entity.tolist() for part in split(rows, 4)}
    assert parts == {partition_for("PK", 4): [0, 1, 2], partition_for("IQ", 4): [3]}


def test_outages_are_never_deleted_and_no_other_topic_grows_for_ever():
    assert OUTAGES.settings()["cleanup.policy"] == "delete"
    assert [t for t in every(["mrt", "ioda"]) if t.retention == FOREVER] == [OUTAGES, STATUS]
    assert all(t.size != FOREVER or t.compact for t in every(["mrt", "ioda"]) if t is not OUTAGES)


@pytest.mark.parametrize("name", ["", "RIS", "a.b", "a/b", "x" * 101, "späti", "status", "deadletters", "path"])
def test_a_feed_that_cannot_be_a_topic_is_named_in_the_error(name):
    with pytest.raises(UserError, match="a feed cannot be called"):
        feed(name)
