"""MRT records of every kind, written by hand."""

import struct

import pytest

from pipeline.feeds.timestamps import BATCH, STRIDE
from pipeline.records import ANNOUNCE, OTHER, RIB, WITHDRAW, Peer
from tests.feeds.mrts import (
    NET,
    NET6,
    PATH,
    TIME,
    announced,
    attribute,
    kinds,
    message,
    only,
    path,
    read,
    record,
    said,
    session,
    update,
)


def reach(family: int, subfamily: int, nlri: bytes) -> bytes:
    return attribute(14, struct.pack(">HBB", family, subfamily, 4) + bytes(5) + nlri)


def unreach(family: int, subfamily: int, nlri: bytes) -> bytes:
    return attribute(15, struct.pack(">HB", family, subfamily) + nlri)


def test_withdrawals_of_a_message_come_before_its_announcements():
    attributes = PATH + unreach(2, 1, NET6) + reach(2, 1, NET6)
    batch = only(said(update(withdrawn=NET, attributes=attributes, nlri=NET)))
    assert batch.kind.tolist() == [WITHDRAW, WITHDRAW, ANNOUNCE, ANNOUNCE]
    assert batch.family.tolist() == [4, 6, 4, 6]
    assert batch.origin.tolist() == [0, 0, 64497, 64497]


NARROW = attribute(2, path(64496, 23456, width=2))


@pytest.mark.parametrize(
    ("attributes", "subtype", "origin"),
    [
        *((attribute(2, segments), 4, origin) for segments, origin in (
            (path(1, 2), 2), (path(1) + path(2, 3, kind=1), 0), (path(1) + path(2, 2, kind=1), 2),
            (path(1) + path(2, 3, kind=1) + path(4), 4), (path(1, 2) + path(65001, kind=3), 2), (b"", 0),
            (path(4294967295), 4294967295),
        )),
        (attribute(2, path(64496, 64499, width=2)), 1, 64499),
        (NARROW + attribute(17, path(4200000000)), 1, 4200000000),
        (NARROW + attribute(17, path(1, 2, 4200000000)), 1, 23456),  # RFC 6793: longer than the path, it is ignored
        (attribute(2, path(1, 2), long=True), 4, 2),
        (attribute(2, path(1)) + attribute(2, path(2)), 4, 1),
    ],
)  # fmt: skip
def test_the_origin_is_the_end_of_the_first_path_unless_that_is_a_set_of_several(attributes, subtype, origin):
    assert only(said(update(attributes=attributes, nlri=NET), subtype)).origin.tolist() == [origin]


def test_each_path_of_a_prefix_is_an_element_and_its_path_id_is_dropped():
    numbered = bytes([0, 0, 1, 0]) + NET + bytes([0, 0, 2, 0]) + NET
    batch = only(said(update(attributes=PATH, nlri=numbered), 9))
    assert (batch.length.tolist(), set(batch.hi.tolist())) == ([24, 24], {0xC6336400 << 32})


@pytest.mark.parametrize(
    ("nlri", "lengths"),
    [(bytes([0, 0, 0, 1]) + NET, [24]), (bytes([0]), [0]), (bytes([0]) + NET, [0, 24])],
    ids=["path id", "default route", "default route and another"],
)
def test_path_ids_where_none_belong_are_told_from_default_routes(nlri, lengths):
    assert only(announced(nlri)).length.tolist() == lengths


def test_multicast_is_an_element_but_no_reachability():
    batch = only(said(update(attributes=PATH + reach(1, 2, NET) + unreach(1, 2, NET))))
    assert (batch.kind.tolist(), batch.family.tolist()) == ([WITHDRAW, ANNOUNCE], [0, 0])


@pytest.mark.parametrize(
    "content",
    [
        said(update()), said(update(attributes=unreach(2, 1, b""))),  # end of RIB
        said(update(attributes=PATH + reach(1, 128, bytes(12)))),  # no prefix of the Internet
        *(record(16, 4, session() + message(kind)) for kind in (1, 3, 4, 5)),
        *(said(update(attributes=attribute(2, path(1, width=4 if wide else 2))), subtype)  # sent by the collector
          for subtype, wide in ((6, False), (7, True), (10, False), (11, True))),
    ],
)  # fmt: skip
def test_a_record_without_a_route_of_the_peer_is_counted_as_other(content):
    batch = only(content)
    assert (batch.kind.tolist(), batch.family.tolist(), batch.hi.tolist()) == ([OTHER], [0], [0])
    assert batch.peers == (Peer(64496, "192.0.2.1"),)


# tables, and records of 1999


def peer_index(*peers: bytes) -> bytes:
    return record(13, 1, bytes(6) + struct.pack(">H", len(peers)) + b"".join(peers))


PEERS = peer_index(
    bytes([2]) + bytes(4) + bytes([192, 0, 2, 1]) + (4200000000).to_bytes(4),
    bytes([1]) + bytes(4) + bytes.fromhex("20010db8000000000000000000000001") + (64496).to_bytes(2),
)


def table(subtype: int, prefix: bytes, *entries: tuple[int, bytes]) -> bytes:
    ids = bytes([0, 0, 0, 7]) if subtype >= 8 else b""
    parts = [struct.pack(">HI", peer, 1) + ids + struct.pack(">H", len(a)) + a for peer, a in entries]
    return record(13, subtype, bytes(4) + prefix + struct.pack(">H", len(parts)) + b"".join(parts))


UNICAST = [(2, NET, 4), (4, NET6, 6), (8, NET, 4), (10, NET6, 6)]
MULTICAST = [(subtype + 1, prefix, 0) for subtype, prefix, _ in UNICAST]


@pytest.mark.parametrize(("subtype", "prefix", "family"), UNICAST + MULTICAST)
def test_a_table_entry_is_an_element_for_every_peer_that_has_it(subtype, prefix, family):
    short_hop = attribute(14, bytes(17))  # RFC 6396: in tables this attribute is a next hop and nothing else
    batch = only(PEERS + table(subtype, prefix, (0, PATH), (1, short_hop + attribute(2, path(9)))))
    assert batch.kind.tolist() == [OTHER, RIB, RIB]
    assert [batch.peers[i] for i in batch.peer[1:]] == [Peer(4200000000, "192.0.2.1"), Peer(64496, "2001:db8::1")]
    assert (batch.origin.tolist(), batch.family.tolist()) == ([0, 64497, 9], [0, family, family])


def test_a_prefix_that_no_peer_has_is_counted_as_other():
    assert only(PEERS + table(2, NET)).kind.tolist() == [OTHER, OTHER]


def test_a_route_of_the_peer_itself_has_no_path_and_no_origin():
    assert only(PEERS + table(2, NET, (0, attribute(1, b"\0")))).origin.tolist() == [0, 0]


def test_a_table_whose_peers_are_damaged_does_not_take_those_of_the_table_before():
    damaged = record(13, 1, bytes(6) + struct.pack(">H", 3))
    batches, damage, _ = read(PEERS + damaged + table(2, NET, (0, PATH)))
    assert ([e.reason for e in damage], kinds(batches)) == (["bad-peer-index", "no-peer-index"], {"other": 1})


def test_a_batch_ends_where_event_time_moves_on():
    batches, _, _ = read(announced(NET) + announced(NET, TIME + STRIDE) + announced(NET, TIME + STRIDE + 1))
    assert [len(batch) for batch in batches] == [2, 1]


def test_a_batch_ends_where_it_is_full():
    batches, _, _ = read(announced(NET * 500) * (BATCH // 500 + 1))
    assert [len(batch) for batch in batches] == [BATCH, 500]


def test_huge_messages_with_few_routes_do_not_fill_a_batch_for_ever():
    huge = said(update(attributes=PATH + attribute(99, bytes(60_000), long=True), nlri=NET))
    batches, _, _ = read(huge * 600)
    assert sum(len(batch) for batch in batches) == 600
    assert max(len(batch) for batch in batches) < 300
