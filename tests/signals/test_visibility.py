"""What counts as visible, and how much it is."""

import gzip

import numpy as np
import pytest

from pipeline.feeds.mrt import FEED
from pipeline.geo.places import Places
from pipeline.records import Elements, Entity, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.merging import merge
from pipeline.signals.visibility import Visibility
from pipeline.topics import split
from tests.signals.visible import FOUR, TABLE, binner, dump, say, series


def test_slash24s_of_countries_and_origin_ases_are_counted():
    vis = binner()
    assert vis.add(dump()) is None
    four, six = vis.close(300)
    assert dict(zip([(e.type, e.name, e.country) for e in four.entities], four.value[0].tolist(), strict=True)) == {
        ("country", "IQ", "IQ"): 16,
        ("country", "PK", "PK"): 512,
        ("asn", "AS1", "PK"): 256,
        ("asn", "AS2", "PK"): 256,
        ("asn", "AS3", "IQ"): 16,
    }
    assert (six.signal, six.entities[0], six.value.tolist()) == ("bgp.ris6", Entity("country", "PK", "PK"), [[1, 1]])
    assert four.start.tolist() == [0]
    assert four.health.tolist() == [[1] * 5]


def test_overlapping_prefixes_count_address_space_once():
    vis = binner()
    vis.add(dump(table=TABLE | {"10.0.0.0/17": 1, "10.0.5.0/24": 9, "10.0.7.0/25": 9, "10.0.7.128/25": 9}))
    bins = vis.close(300)
    assert series(bins, "country/PK") == [512]
    assert series(bins, "asn/AS1") == [256]
    assert series(bins, "asn/AS9") == [2]  # two /25s are one /24


def test_space_under_a_lost_prefix_stays_where_a_longer_one_is_left():
    vis = binner()
    vis.add(dump(table=TABLE | {"10.0.0.0/17": 1}))
    vis.close(300)
    vis.add(say("withdraw", 400, "10.0.0.0/16"))
    assert series(vis.close(600), "country/PK") == [256 + 128]


def test_a_prefix_that_spans_countries_counts_for_each_its_part():
    vis = binner()
    vis.add(dump(table={"10.0.0.0/7": 5}))
    bins = vis.close(300)
    assert (series(bins, "country/PK"), series(bins, "country/IQ")) == ([65536], [65536])


def test_a_default_route_does_not_count():
    vis = binner()
    vis.add(dump(table=TABLE | {"0.0.0.0/0": 7, "8.0.0.0/5": 7}))
    assert series(vis.close(300), "country/PK") == [512]


@pytest.mark.parametrize(("without", "seen"), [(2, 256), (3, 0)])
def test_half_of_the_full_feed_peers_make_a_prefix_visible(without, seen):
    vis = binner(Counting(floors={4: 1, 6: 1}, min_peers=2, full_feed_share=0.3))
    vis.add(dump())
    vis.close(300)
    vis.add(say("withdraw", 310, "10.0.0.0/16", sessions=FOUR[:without]))
    assert series(vis.close(600), "asn/AS1") == [seen]


def test_a_country_that_is_withdrawn_is_zero_and_not_unknown():
    vis = binner(Counting(floors={4: 1, 6: 1}, min_peers=2))
    vis.add(dump())
    vis.close(300)
    vis.add(say("withdraw", 310, "11.0.0.0/20"))
    bins = vis.close(900)
    assert series(bins, "country/IQ") == [0, 0]
    assert series(bins, "asn/AS3") == [0, 0]


def test_the_origin_is_the_one_that_most_peers_announce():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    vis.add(say("announce", 310, "10.0.0.0/16", sessions=FOUR[:1], origin=66))
    assert series(vis.close(600), "asn/AS1") == [256]
    vis.add(say("announce", 610, "10.0.0.0/16", sessions=FOUR[:3], origin=66))
    bins = vis.close(900)
    assert (series(bins, "asn/AS1"), series(bins, "asn/AS66")) == ([0], [256])


def test_a_peer_that_is_not_full_feed_has_no_say():
    partial = Peer(65000, "192.0.2.99", "rrc99")
    vis = binner()
    vis.add(dump())
    vis.add(say("announce", 1, "10.9.0.0/16", sessions=(partial,), origin=5))
    four = vis.close(300)[0]
    assert "AS5" not in [e.name for e in four.entities]
    assert vis.families[4].full_feed.full.tolist() == [True] * 4 + [False]


def test_two_leaking_peers_do_not_disqualify_the_others():
    vis = binner()
    vis.add(dump())
    leaked = [f"12.{i}.0.0/16" for i in range(200)]
    vis.add(say("rib", 0, *leaked, sessions=FOUR[:2]))
    assert series(vis.close(300), "country/PK") == [512]
    assert vis.families[4].full_feed.full.all()


def test_below_the_floor_nobody_is_full_feed_and_nothing_is_observed():
    vis = binner(Counting(floors={4: 4, 6: 1}, min_peers=2))
    vis.add(dump())
    four = vis.close(300)[0]
    assert four.value.size == 0
    vis = binner(Counting(floors={4: 3, 6: 1}, min_peers=5))
    vis.add(dump())
    assert vis.close(300)[0].value.size == 0


def test_the_shares_of_the_partitions_add_up_to_the_whole_of_a_recorded_table(data):
    with gzip.open(data / "feeds/mrt/ripencc-bgpdump/bview.20020722.2337.gz") as stream:
        batches = [item for item in FEED.read(stream) if isinstance(item, Elements)]
    places = Places.of([(f"{octet}.0.0.0/8", ("AA", "BB", "CC")[octet % 3]) for octet in range(1, 224)])
    rules = Counting(floors={4: 50_000, 6: 1000}, min_peers=1)  # one peer gave its whole table, 112,986 prefixes
    merged = []
    for partitions in (1, 8):
        parts = [Visibility(Run(), "mrt", p, partitions, ("bgp.mrt",), places, rules) for p in range(partitions)]
        for batch in batches:
            for share in split(batch, partitions):
                assert parts[share.partition].add(share) is None
        end = (int(batches[0].time[0]) // 300 + 1) * 300
        merged.append(merge([bins for part in parts for bins in part.close(end)]))
    whole, sums = merged
    assert [e.name for e in whole.entities] == [e.name for e in sums.entities]
    assert np.array_equal(whole.value, sums.value)
    assert len(whole.entities) > 13_000
    assert 4_000_000 < whole.value[0, [e.type == "country" for e in whole.entities]].sum() < 2**24
