"""Made-up BGP: elements as a person writes them, and a handful of peers and prefixes."""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from pipeline.geo.places import Places
from pipeline.records import KINDS, RIB, Bins, Elements, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility


class Element(NamedTuple):
    """One element as a person would write it: ``Element(60, "announce", peer, "10.0.0.0/8", 64500)``."""

    time: int
    kind: str
    peer: Peer
    prefix: str = ""
    origin: int = 0
    state: int = 0


def elements(rows: Iterable[Element], feed: str = "synthetic", partition: int = 0) -> Elements:
    """A batch of written elements."""
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
    """A table dump in which every session has every prefix ``(n,)``, prefix by prefix as in a recorded one."""
    many, rows = len(sessions), len(hi) * len(sessions)
    columns = {
        "time": np.full(rows, time), "kind": np.full(rows, RIB), "peer": np.tile(np.arange(many), len(hi)),
        "family": np.full(rows, family), "hi": np.repeat(hi, many), "lo": np.zeros(rows),
        "length": np.repeat(length, many), "origin": np.repeat(origin, many), "state": np.zeros(rows),
    }  # fmt: skip
    arrays = {name: column.astype(Elements.COLUMNS[name]) for name, column in columns.items()}
    return Elements(Run(), "synthetic", 0, sessions, **arrays)


PLACES = Places.of([("10.0.0.0/8", "PK"), ("11.0.0.0/8", "IQ"), ("2001:db8::/32", "PK")])
RULES = Counting(floors={4: 1, 6: 1}, min_peers=2)
TABLE = {"10.0.0.0/16": 1, "10.1.0.0/16": 2, "11.0.0.0/20": 3, "2001:db8::/40": 1}
FOUR = peers(4)


def binner(rules: Counting = RULES) -> Visibility:
    return Visibility(Run(), "ris", 0, 1, ("bgp.ris", "bgp.ris6"), PLACES, rules)


def dump(time=0, sessions=FOUR, table=TABLE):
    return elements(Element(time, "rib", peer, prefix, origin) for prefix, origin in table.items() for peer in sessions)


def say(kind, time, *prefixes, sessions=FOUR, origin=1):
    return elements(Element(time, kind, peer, prefix, origin) for prefix in prefixes for peer in sessions)


def state(time, new, *sessions):
    return elements(Element(time, "state", peer, state=new) for peer in sessions)


def series(bins: list[Bins], entity: str, signal: str = "bgp.ris") -> list[float]:
    values: list[float] = []
    for part in bins:
        if part.signal == signal:
            names = [f"{e.type}/{e.name}" for e in part.entities]
            values += part.value[:, names.index(entity)].tolist()
    return values


X, Y = "10.8.0.0/16", "10.9.0.0/16"
A, B = FOUR[:2]
