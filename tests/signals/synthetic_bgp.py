"""Made-up BGP, for tests, drills and measurements of speed."""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from pipeline.records import KINDS, RIB, Elements, Peer, Run


class Element(NamedTuple):
    """One element as a person would write it: ``Element(60, "announce", peer, "10.0.0.0/8", 64500)``."""

    time: int
    kind: str
    peer: Peer
    prefix: str = ""
    origin: int = 0
    state: int = 0


def elements(rows: Iterable[Element], feed: str = "synthetic", partition: int = 0) -> Elements:
    """A batch of written elements.

    Examples
    --------
    >>> batch = elements([Element(60, "announce", Peer(64500, "192.0.2.1"), "10.0.0.0/8", 64501)])
    >>> len(batch), batch.length.tolist(), hex(batch.hi[0])
    (1, [8], '0xa00000000000000')
    """
    rows = list(rows)
    peers = {peer: i for i, peer in enumerate(dict.fromkeys(row.peer for row in rows))}
    columns: dict[str, list[int]] = {name: [] for name in Elements.COLUMNS}
    for row in rows:
        net = ipaddress.ip_network(row.prefix) if row.prefix else None
        address = int(net.network_address) << (128 - net.max_prefixlen) if net else 0
        cells = (
            row.time, KINDS.index(row.kind), peers[row.peer], net.version if net else 0, address >> 64,
            address & (2**64 - 1), net.prefixlen if net else 0, row.origin, row.state,
        )  # fmt: skip
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    arrays = {name: np.array(column, Elements.COLUMNS[name]) for name, column in columns.items()}
    return Elements(Run(), feed, partition, tuple(peers), **arrays)


def peers(many: int) -> tuple[Peer, ...]:
    """So many peers of one collector, an ASN each."""
    return tuple(Peer(64512 + i, f"192.0.2.{i}", "rrc99") for i in range(many))


def table_dump(
    time: int, sessions: tuple[Peer, ...], hi: np.ndarray, length: np.ndarray, origin: np.ndarray, family: int = 4
) -> Elements:
    """A table dump in which every session has every prefix ``(n,)``, prefix by prefix as in a recorded one.

    Examples
    --------
    >>> dump = table_dump(0, peers(3), np.array([10 << 56], np.uint64), np.array([8]), np.array([64500]))
    >>> dump.peer.tolist(), dump.origin.tolist()
    ([0, 1, 2], [64500, 64500, 64500])
    """
    many, rows = len(sessions), len(hi) * len(sessions)
    columns = {
        "time": np.full(rows, time), "kind": np.full(rows, RIB), "peer": np.tile(np.arange(many), len(hi)),
        "family": np.full(rows, family), "hi": np.repeat(hi, many), "lo": np.zeros(rows),
        "length": np.repeat(length, many), "origin": np.repeat(origin, many), "state": np.zeros(rows),
    }  # fmt: skip
    arrays = {name: column.astype(Elements.COLUMNS[name]) for name, column in columns.items()}
    return Elements(Run(), "synthetic", 0, sessions, **arrays)
