"""A watch of some countries keeps their part of the BGP, and counts in it what the whole would show."""

import io

import numpy as np
import pytest

from pipeline.feeds import mrt
from pipeline.feeds.live.narrowed import Narrowed
from pipeline.feeds.mrt.sift import Sizes, sift
from pipeline.geo.places import Places
from pipeline.records import RIB, Elements, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility
from pipeline.topics import split
from tests.feeds.mrts import table, whole
from tests.signals.synthetic_bgp import Element, elements, peers

PLACES = Places.of([("10.0.0.0/16", "PK"), ("10.1.0.0/16", "IQ"), ("11.0.0.0/9", "IQ"), ("2001:db8::/32", "PK")])
RULES = Counting(floors={4: 4, 6: 1}, min_peers=2)
FULL, FEW = peers(5)[:4], peers(5)[4]
TABLE = {"10.0.0.0/17": 1, "10.0.128.0/24": 2, "10.0.0.0/15": 3, "10.1.0.0/16": 3, "11.0.0.0/16": 3, "2001:db8::/40": 1}


def dump(*holders: list[int]) -> bytes:
    """A table dump in which the i-th prefix is of the i-th ``holders``."""
    rows = zip(TABLE.items(), holders, strict=True)
    return table({prefix: [(i, origin) for i in those] for (prefix, origin), those in rows}, (*FULL, FEW))


def sifted(said: bytes, places: Places) -> tuple[Sizes, list[Elements]]:
    sink = io.BytesIO()
    sizes = sift(io.BytesIO(said), places.overlap, sink)
    return sizes, [item for item in mrt.read(io.BytesIO(sink.getvalue())) if isinstance(item, Elements)]


def test_of_a_table_only_the_wanted_prefixes_are_read_and_all_are_counted():
    said = dump(*[[0, 1, 2, 3]] * 5, [0, 4])
    sizes, batches = sifted(said, PLACES.of_countries(["PK"]))
    assert sizes.peers == [p._replace(collector="") for p in (*FULL, FEW)]
    assert {family: counts.tolist() for family, counts in sizes.prefixes.items()} == {
        4: [5, 5, 5, 5, 0], 6: [1, 0, 0, 0, 1]
    }  # fmt: skip
    (batch,) = batches
    assert np.unique(batch.length[batch.family == 4]).tolist() == [15, 17, 24]
    assert (batch.family == 6).sum() == 2


@pytest.mark.parametrize("cut", [30, 61, 200])
def test_damage_of_a_table_is_told_and_the_rest_is_counted(cut):
    said = dump(*[[0, 1, 2, 3]] * 5, [0, 4])
    sizes, _ = sifted(said[:-cut], PLACES)
    assert [damage.reason for damage in sizes.damage] == ["truncated-record"]


def test_a_real_table_is_counted_as_it_is_read(data):
    said = whole(data / "feeds/mrt/ripencc-bgpdump/bview.64k_stream_overflow.gz")
    sizes, batches = sifted(said, Places.of([("2000::/3", "PK")]))
    rows = [batch.peers[i] for batch in batches for i in batch.peer[batch.kind == RIB]]
    assert len(rows) == 23
    assert {peer: rows.count(peer) for peer in sizes.peers} == dict(
        zip(sizes.peers, sizes.prefixes[6].tolist(), strict=True)
    )


def counted(only: tuple[str, ...], batches: list[Elements], until: int, partitions: int = 4) -> dict[str, list[float]]:
    """Bins of PK and its networks, of all partitions together."""
    run, values = Run("live", "live", only=only), dict[str, list[float]]()
    for partition in range(partitions):
        vis = Visibility(run, "ris", partition, partitions, ("bgp.ris", "bgp.ris6"), PLACES, RULES)
        for batch in batches:
            for share in split(batch, partitions):
                if share.partition == partition:
                    vis.add(share)
        for part in vis.close(until):
            for i, entity in enumerate(part.entities):
                column = np.nan_to_num(part.value[:, i], nan=-1000)
                name = f"{part.signal} {entity.name}"
                values[name] = (np.array(values.get(name, 0)) + column).tolist()
    return values


def test_countries_that_are_watched_have_the_bins_that_the_whole_would_give():
    world = TABLE | {f"11.{i}.0.0/16": 3 for i in range(1, 60)} | {f"2002:{i}::/32": 3 for i in range(1, 20)}
    stranger, some = peers(9)[8], list(TABLE)[:2]
    batches = [
        elements(Element(0, "rib", peer, prefix, origin) for prefix, origin in world.items() for peer in FULL),
        elements([Element(0, "rib", FEW, "10.0.0.0/17", 1)]),
        elements(Element(310, "withdraw", peer, "10.0.0.0/17") for peer in (FEW, *FULL[:3])),
        elements([Element(320, "announce", FEW, "10.0.0.0/17", 1), Element(330, "announce", stranger, "10.0.9.0/24")]),
        elements(Element(620, "withdraw", peer, prefix) for peer in FULL for prefix in TABLE),
        elements(Element(910, "announce", peer, "11.5.0.0/16", 3) for peer in FULL),
        elements(Element(1500, "announce", peer, prefix, 1) for peer in FULL[:2] for prefix in some),
    ]  # fmt: skip
    narrow = Narrowed(PLACES.of_countries(["PK"]), RULES)
    narrow.judge([Sizes([*FULL, FEW], {4: np.array([64] * 4 + [1]), 6: np.array([20] * 4 + [0])}, [])])
    kept = [narrow.keep(batch) for batch in batches]
    assert sum(map(len, kept)) < sum(map(len, batches)) / 5
    watched, all_of_it = counted(("PK",), kept, 1800), counted((), batches, 1800, partitions=1)
    assert watched["bgp.ris PK"] == [256, 256, 0, 0, 0, 129]  # withdrawn by all: nothing, and not "not observed"
    for name in ("bgp.ris PK", "bgp.ris AS1", "bgp.ris AS2", "bgp.ris6 PK", "bgp.ris6 AS1"):
        assert watched[name] == all_of_it[name]
    assert "bgp.ris IQ" not in watched


def test_a_peer_that_sends_only_news_of_other_countries_does_not_count_as_silent():
    narrow = Narrowed(PLACES.of_countries(["PK"]), RULES)
    narrow.judge([Sizes([*FULL], {4: np.array([5] * 4)}, [])])
    batches = [elements(Element(0, "rib", peer, prefix, 1) for prefix in TABLE for peer in FULL)]
    for time in range(60, 9000, 60):
        batches.append(elements(Element(time, "announce", peer, "11.0.0.0/16", 3) for peer in FULL))
        batches[-1] = narrow.keep(batches[-1])
    batches[0] = narrow.keep(batches[0])
    assert sum(map(len, batches)) < 100
    assert set(counted(("PK",), batches, 9000)["bgp.ris PK"]) == {256.0}
