"""Topics as a table, and the partition that a record belongs to."""

import sys
from subprocess import run

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.records import ANNOUNCE, ESTABLISHED, OTHER, STATE, WITHDRAW, Elements, Entity, Peer, Rows, Run
from pipeline.topics import FIXED, FOREVER, LATE, OUTAGES, STATUS, every, feed, partition_for, split

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
def test_a_route_is_in_exactly_one_part_and_a_state_change_in_all(drawn):
    whole = batch(drawn)
    parts = split(whole, PARTITIONS)
    seen = np.bincount(np.concatenate([part.time for part in parts] or [whole.time]).astype(int), minlength=len(whole))
    assert seen.tolist() == [PARTITIONS if kind == STATE else 1 for kind in whole.kind]


@given(elements)
def test_parts_keep_the_order_and_say_which_partition_they_are(drawn):
    parts = split(batch(drawn), PARTITIONS)
    assert [part.partition for part in parts] == sorted({part.partition for part in parts})
    assert all(len(part) and np.all(np.diff(part.time) > 0) for part in parts)


@given(elements)
def test_elements_without_a_route_are_counted_once_in_partition_0(drawn):
    for part in split(batch(drawn), PARTITIONS):
        assert part.partition == 0 or OTHER not in part.kind


@given(st.integers(0, 2**32 - 1), st.integers(8, 32))
def test_a_prefix_and_the_part_of_it_that_is_announced_apart_meet(address, length):
    inside = address << 32
    around = inside >> (64 - length) << (64 - length)
    assert len(split(batch([(ANNOUNCE, (4, around, length)), (WITHDRAW, (4, inside, 32))]), PARTITIONS)) == 1


@given(st.integers(0, 2**64 - 1), st.integers(16, 64))
def test_v6_prefixes_that_overlap_meet_too(address, length):
    around = address >> (64 - length) << (64 - length)
    assert len(split(batch([(ANNOUNCE, (6, around, length)), (ANNOUNCE, (6, address, 64))]), PARTITIONS)) == 1


def test_v4_goes_by_its_first_octet_and_v6_by_its_first_sixteen_bits():
    parts = split(batch([(ANNOUNCE, (4, 10 << 56, 8)), (ANNOUNCE, (6, 0x2A05 << 48, 32))]), PARTITIONS)
    assert [(part.partition, part.family.tolist()) for part in parts] == [(2, [4]), (5, [6])]


def test_a_batch_cut_in_two_gives_the_same_parts():
    drawn = [(ANNOUNCE, (4, octet << 56, 8)) for octet in range(20)] + [(STATE, (0, 0, 0))]
    whole = split(batch(drawn), PARTITIONS)
    first, second = (
        split(batch(drawn).take(np.arange(9)), PARTITIONS),
        split(batch(drawn).take(np.arange(9, 21)), PARTITIONS),
    )
    for part in whole:
        cut = [half.time for half in first + second if half.partition == part.partition]
        assert np.concatenate(cut).tolist() == part.time.tolist()


def test_nothing_to_split_gives_no_parts():
    assert split(batch([]), PARTITIONS) == []


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


def test_an_unknown_country_falls_back_to_the_name():
    rows = Rows(
        Run(), "table", 0, "bgp.routeviews", 600, (), 0, (Entity("asn", "AS1"),),
        np.zeros(1, np.int64), np.zeros(1, np.int32), np.ones(1),
    )  # fmt: skip
    assert split(rows, 4)[0].partition == partition_for("AS1", 4)


@given(st.text(), st.integers(1, 64))
def test_any_key_has_a_partition(key, partitions):
    assert 0 <= partition_for(key, partitions) < partitions


def test_every_topic_has_a_name_of_its_own_in_the_form_that_others_read():
    names = [topic.name for topic in every(["rislive", "ioda"])]
    assert len(set(names)) == len(names)
    assert all(len(name.split(".")) == 3 and name.startswith("netvigil.") for name in names)


def test_brokers_stamp_every_record_so_that_replayed_history_is_kept():
    assert {topic.settings()["message.timestamp.type"] for topic in every(["mrt"])} == {"LogAppendTime"}


def test_outages_are_never_deleted_and_no_other_topic_grows_for_ever():
    assert OUTAGES.settings()["cleanup.policy"] == "delete"
    assert [t for t in every(["mrt", "ioda"]) if t.retention == FOREVER] == [OUTAGES, STATUS]
    assert all(t.size != FOREVER or t.compact for t in every(["mrt", "ioda"]) if t is not OUTAGES)


def test_the_status_of_a_feed_that_has_not_changed_for_years_is_still_there():
    assert (STATUS.compact, STATUS.settings()["cleanup.policy"]) == (True, "compact")


@pytest.mark.parametrize("name", ["", "RIS", "a.b", "a/b", "x" * 101, "späti", "status", "deadletters", "path"])
def test_a_feed_that_cannot_be_a_topic_is_named_in_the_error(name):
    with pytest.raises(UserError, match="a feed cannot be called"):
        feed(name)


def test_late_records_have_a_topic():
    assert LATE in FIXED


def test_the_engine_can_ask_for_partitions_without_kafka():
    loaded = (
        "import sys, pipeline.topics; print(sorted(m for m in sys.modules if m.split('.')[0] in ('kafka', 'faust')))"
    )
    assert run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_keys_share_the_partitions_out():
    assert {partition_for(code, 4) for code in ("PK", "IQ", "MM", "VE", "IR", "RU", "UA", "SD")} == {0, 1, 2, 3}
