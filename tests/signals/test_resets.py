"""Recorded resets of sessions, laid over a day of an otherwise quiet Internet, are not outages."""

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline.feeds.mrt import FEED
from pipeline.geo.places import Places
from pipeline.records import ANNOUNCE, Elements, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility
from tests.signals.synthetic_bgp import peers, table_dump

BIN, DAY = 300, 24 * 3600
PLACES = Places.of([(f"{octet}.0.0.0/8", ("AA", "BB")[octet % 2]) for octet in range(1, 224)])
OTHERS = peers(10)


def recorded(path: Path) -> list[Elements]:
    with gzip.open(path) as stream:
        return [item for item in FEED.read(stream) if isinstance(item, Elements)]


def shifted(batches: list[Elements], seconds: int) -> list[Elements]:
    return [dataclasses.replace(batch, time=batch.time + seconds) for batch in batches]


def table(batches: list[Elements]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every IPv4 prefix of a recording that has an origin, once: address, length, origin AS."""
    rows = [
        (b.family == 4) & (b.kind == ANNOUNCE) & (b.origin > 0) & (b.length <= 24) & (b.length >= 8) for b in batches
    ]
    hi, length, origin = (
        np.concatenate([getattr(b, name)[row] for b, row in zip(batches, rows, strict=True)]).astype(np.uint64)
        for name in ("hi", "length", "origin")
    )
    _, first = np.unique(hi | length, return_index=True)
    return hi[first], length[first], origin[first]


def day(batches: list[Elements], sessions: tuple[Peer, ...], rules: Counting) -> np.ndarray:
    """Visible /24s of each country through a day: a quiet half, what was recorded, and the rest.

    Half the table is seen by all, the other half by the last six of the eleven sessions alone: barely enough.
    """
    prefixes = table(batches)
    start = int(batches[0].time[0]) - DAY // 2
    vis = Visibility(Run(), "ris", 0, 1, ("bgp.ris", "bgp.ris6"), PLACES, rules)
    vis.add(table_dump(start, sessions, *(column[::2] for column in prefixes)))
    vis.add(table_dump(start, sessions[5:], *(column[1::2] for column in prefixes)))
    parts = []
    for batch in batches:
        parts += vis.close(int(batch.time[0]))
        vis.add(batch)
    parts += vis.close(start + DAY)
    four = [bins for bins in parts if bins.signal == "bgp.ris"]
    assert [e.name for e in four[-1].entities[:2]] == ["AA", "BB"]
    return np.concatenate([bins.value[:, :2] for bins in four])


def fallen(values: np.ndarray) -> float:
    """Lowest share of the first value that is ever left [0-1]."""
    assert len(values) >= DAY // BIN - 1
    assert not np.isnan(values).any()
    return float((values / values[0]).min())


def rules(**changed: object) -> Counting:
    """The rules, but for one thing: half the table is seen by six sessions alone, so five have half of a table."""
    return dataclasses.replace(Counting(floors={4: 100, 6: 100}, full_feed_share=0.4), **changed)


@pytest.fixture(scope="module")
def transfer(data: Path) -> list[Elements]:
    """AS3856 goes down, comes back and announces 577,737 prefixes in 37 s; a bin ends in the middle of it."""
    batches = recorded(data / "feeds/mrt/ripencc-bgpdump/updates.et-header.2015.gz")
    return shifted(batches, 285 - int(batches[0].time[0]) % BIN)


def test_one_recorded_reset_is_not_an_outage(transfer):
    sessions = (*OTHERS, transfer[0].peers[0])
    assert fallen(day(transfer, sessions, rules())) > 0.99999  # one /24 is withdrawn in it
    assert fallen(day(transfer, sessions, rules(reset_rule=False))) < 0.8
