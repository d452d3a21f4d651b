"""What counts as visible and how much it is; late, early, dumped, dead and saved elements."""

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
from tests.signals.synthetic_bgp import FOUR, RULES, TABLE, binner, dump, say, series


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


def test_overlapping_prefixes_count_address_space_once_and_a_default_route_not_at_all():
    more = {"10.0.0.0/17": 1, "10.0.5.0/24": 9, "10.0.7.0/25": 9, "10.0.7.128/25": 9, "0.0.0.0/0": 7, "8.0.0.0/5": 7}
    vis = binner()
    vis.add(dump(table=TABLE | more))
    bins = vis.close(300)
    assert series(bins, "country/PK") == [512]
    assert series(bins, "asn/AS1") == [256]
    assert series(bins, "asn/AS9") == [2]  # two /25s are one /24
    vis.add(say("withdraw", 400, "10.0.0.0/16"))
    assert series(vis.close(600), "country/PK") == [256 + 128]


def test_only_full_feed_peers_count_and_two_that_leak_do_not_disqualify_the_others():
    vis = binner()
    vis.add(dump())
    vis.add(say("announce", 1, "10.9.0.0/16", sessions=(Peer(65000, "192.0.2.99", "rrc99"),), origin=5))
    vis.add(say("rib", 0, *(f"12.{i}.0.0/16" for i in range(200)), sessions=FOUR[:2]))
    bins = vis.close(300)
    assert series(bins, "country/PK") == [512]
    assert "AS5" not in [e.name for e in bins[0].entities]
    assert bins[0].health[0, 0] == 1


def test_a_country_that_is_withdrawn_is_zero_and_not_unknown():
    vis = binner(Counting(floors={4: 1, 6: 1}, min_peers=2))
    vis.add(dump())
    vis.close(300)
    vis.add(say("withdraw", 310, "11.0.0.0/20"))
    bins = vis.close(900)
    assert series(bins, "country/IQ") == [0, 0]
    assert series(bins, "asn/AS3") == [0, 0]


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


def test_a_late_element_is_returned_and_mends_the_next_bin():
    vis = binner()
    vis.add(dump())
    vis.close(600)
    late = vis.add(say("withdraw", 599, "10.0.0.0/16"))
    assert late is not None
    assert (len(late), vis.crowded) == (4, 0)
    assert series(vis.close(900), "country/PK") == [256]


@pytest.mark.parametrize(("before", "seen"), [(59, 256), (60, 512), (61, 512)])
def test_an_update_a_minute_older_than_the_dump_still_wins(before, seen):
    vis = binner()
    start = 3000
    vis.add(say("withdraw", start - before, "10.0.0.0/16"))
    vis.add(dump(time=start))
    assert series(vis.close(3300), "country/PK")[-1] == seen


def test_a_dump_whose_writing_takes_minutes_speaks_of_its_beginning():
    vis = binner()
    table = list(TABLE.items())
    vis.add(dump(time=0, table=dict(table[:1])))
    vis.add(say("withdraw", 100, "10.1.0.0/16"))
    vis.add(dump(time=250, table=dict(table[1:])))
    assert series(vis.close(300), "country/PK") == [256]


def test_a_dump_that_crosses_a_bins_end_is_no_ramp():
    vis = binner()
    table = list(TABLE.items())
    first, rest = dump(time=290, table=dict(table[:1])), dump(time=310, table=dict(table[1:]))
    vis.add(first)
    vis.add(rest)
    ramp, whole = series(vis.close(600), "country/PK")
    assert np.isnan(ramp)
    assert whole == 512


def test_a_dead_feed_gives_nothing_observed_and_then_goes_on():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    dead = vis.close(900, observed=False)
    assert np.isnan(dead[0].value).all()
    assert (dead[0].health == 0).all()
    assert series(vis.close(1200), "country/PK") == [512]


def test_a_long_silence_is_cheap_and_a_very_long_one_is_left_out():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    week = vis.close(300 + 5 * 24 * 3600)[0]
    assert week.value.shape == (5 * 288, 5)
    assert week.value.strides[0] == 0
    assert vis.close(2**32) == []
    vis.add(say("withdraw", 2**32 - 100, "10.0.0.0/16"))
    assert series(vis.close(2**32 + 300), "country/PK")[-1] == 256


def test_a_saved_state_outlives_a_new_table_of_countries():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    moved = Places.of([("9.0.0.0/8", "AD"), ("10.0.0.0/9", "PK"), ("11.0.0.0/8", "PK"), ("2001:db8::/32", "PK")])
    again = Visibility(Run(), "ris", 0, 1, ("bgp.ris", "bgp.ris6"), moved, RULES)
    again.load(vis.save())
    again.add(say("announce", 310, "11.0.0.0/20", origin=3))
    bins = again.close(600)
    assert [(e.name, e.country) for e in bins[0].entities][:2] == [("IQ", "IQ"), ("PK", "PK")]
    assert (series(bins, "country/IQ"), series(bins, "country/PK")) == ([0], [528])
