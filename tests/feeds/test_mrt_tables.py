"""Tables, and the records of 1999 and 2000, written by hand."""

import struct

import pytest

from pipeline.records import ANNOUNCE, OTHER, RIB, STATE, WITHDRAW, Peer
from tests.feeds.mrts import NET, NET6, PATH, attribute, kinds, only, path, read, record, update


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


def test_a_generic_table_of_unicast_is_one_and_of_anything_else_is_other():
    entry = table(2, NET, (0, PATH))[16:]
    unicast, private = (record(13, 6, bytes(4) + struct.pack(">HB", 1, kind) + entry) for kind in (1, 128))
    assert only(PEERS + unicast + private).kind.tolist() == [OTHER, RIB, OTHER]


def test_a_table_whose_peers_are_damaged_does_not_take_those_of_the_table_before():
    damaged = record(13, 1, bytes(6) + struct.pack(">H", 3))
    batches, damage, _ = read(PEERS + damaged + table(2, NET, (0, PATH)))
    assert ([e.reason for e in damage], kinds(batches)) == (["bad-peer-index", "no-peer-index"], {"other": 1})


def old_entry(prefix: bytes, mask: int, peer: bytes) -> bytes:
    attributes = attribute(2, path(64496, 64497, width=2))
    return prefix + bytes([mask, 1, 0, 0, 0, 0]) + peer + struct.pack(">HH", 64496, len(attributes)) + attributes


OLD4 = old_entry(bytes([198, 51, 100, 0]), 24, bytes([192, 0, 2, 1]))
OLD6 = old_entry(bytes.fromhex("20010db8000100000000000000000000"), 48, bytes(15) + b"\1")


@pytest.mark.parametrize(("entry", "family", "length"), [(OLD4, 4, 24), (OLD6, 6, 48)])
def test_an_entry_of_the_first_kind_of_table_is_one_element(entry, family, length):
    batch = only(record(12, 1 if family == 4 else 2, bytes(4) + entry))
    assert (batch.kind.tolist(), batch.family.tolist(), batch.length.tolist()) == ([RIB], [family], [length])
    assert batch.origin.tolist() == [64497]


def test_early_tables_hold_many_entries_and_state_four_bytes_too_few():
    early = record(12, 1, bytes(4) + OLD4 + OLD4)
    short = early[:8] + struct.pack(">I", len(early) - 12 - 4) + early[12:]
    assert only(short * 3).kind.tolist() == [RIB] * 6


# records of 1999


OLD_PEER = struct.pack(">H", 3333) + bytes([193, 0, 0, 1])


def test_an_update_of_1999_has_a_shorter_header():
    content = update(withdrawn=NET, attributes=attribute(2, path(3333, 9, width=2)), nlri=NET)
    batch = only(record(5, 1, OLD_PEER + bytes(6) + content))
    assert (batch.kind.tolist(), batch.origin.tolist()) == ([WITHDRAW, ANNOUNCE], [0, 9])
    assert batch.peers == (Peer(3333, "193.0.0.1"),)


def test_states_and_keepalives_of_1999_are_counted():
    batch = only(record(5, 3, OLD_PEER + bytes([0, 6, 0, 1])) + record(5, 7, OLD_PEER + bytes(6)))
    assert batch.kind.tolist() == [STATE, OTHER]
