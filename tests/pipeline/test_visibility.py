"""What counts as visible, and what must not be mistaken for an outage."""

import gzip

import numpy as np
import pytest

from pipeline.feeds.mrt import FEED
from pipeline.merging import merge
from pipeline.places import Places
from pipeline.records import ESTABLISHED, Bins, Elements, Entity, Peer, Run
from pipeline.signals.counting import Counting
from pipeline.signals.synthetic import Element, elements, peers
from pipeline.signals.visibility import Visibility
from pipeline.topics import split

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
    assert vis.families[4].witnesses.full.tolist() == [True] * 4 + [False]


def test_two_leaking_peers_do_not_disqualify_the_others():
    vis = binner()
    vis.add(dump())
    leaked = [f"12.{i}.0.0/16" for i in range(200)]
    vis.add(say("rib", 0, *leaked, sessions=FOUR[:2]))
    assert series(vis.close(300), "country/PK") == [512]
    assert vis.families[4].witnesses.full.all()


def test_below_the_floor_nobody_is_full_feed_and_nothing_is_observed():
    vis = binner(Counting(floors={4: 4, 6: 1}, min_peers=2))
    vis.add(dump())
    four = vis.close(300)[0]
    assert four.value.size == 0
    vis = binner(Counting(floors={4: 3, 6: 1}, min_peers=5))
    vis.add(dump())
    assert vis.close(300)[0].value.size == 0


def test_peers_that_reset_are_not_an_outage():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    vis.add(state(310, 1, *FOUR[:2]))
    down = vis.close(600)
    assert series(down, "country/PK") == [512]
    assert down[0].health[0, 0] == 0.5
    vis.add(state(620, ESTABLISHED, *FOUR[:2]))
    vis.add(say("announce", 630, "10.0.0.0/16", sessions=FOUR[:2]))
    half = vis.close(900)
    assert series(half, "country/PK") == [512]
    assert half[0].health[0, 0] == 0.5  # one of three prefixes is no full feed
    vis.add(say("announce", 910, "10.1.0.0/16", "11.0.0.0/20", sessions=FOUR[:2], origin=2))
    back = vis.close(1800)
    assert series(back, "country/PK") == [512] * 3
    assert back[0].health[-1, 0] == 1


def test_without_the_reset_rule_the_same_reset_looks_like_an_outage():
    vis = binner(Counting(floors={4: 1, 6: 1}, min_peers=2, reset_rule=False))
    vis.add(dump())
    vis.close(300)
    vis.add(state(310, 1, *FOUR[:3]))
    assert series(vis.close(600), "country/PK") == [0]


def test_without_a_witness_nothing_is_observed_until_one_is_back():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    vis.add(state(310, 1, *FOUR))
    blind = vis.close(600)
    assert np.isnan(blind[0].value).all()
    assert (blind[0].health == 0).all()
    vis.add(say("announce", 610, *[p for p in TABLE if ":" not in p], sessions=FOUR))
    assert series(vis.close(1200), "country/PK")[-1] == 512


def test_a_peer_asn_stays_while_one_of_its_sessions_is_up():
    twin = FOUR[0]._replace(address="198.51.100.1", collector="rrc98")
    vis = binner()
    vis.add(dump(sessions=(*FOUR, twin)))
    vis.close(300)
    vis.add(state(310, 1, FOUR[0]))
    bins = vis.close(600)
    assert bins[0].health[0, 0] == 1
    assert series(bins, "country/PK") == [512]


def test_a_table_transfer_without_a_told_reset_is_not_an_outage():
    arriving = peers(9)[4:]
    vis = binner()
    vis.add(dump())
    vis.close(300)
    values = []
    for i, prefix in enumerate([p for p in TABLE if ":" not in p]):
        vis.add(say("announce", 310 + 300 * i, prefix, sessions=arriving, origin=1))
        values += series(vis.close(600 + 300 * i), "country/PK")
    assert values == [512] * 3


def test_a_peer_that_left_for_good_does_not_count_as_unhealthy_for_ever():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    vis.add(state(310, 1, FOUR[0]))
    health = vis.close(2 * 24 * 3600)[0].health[:, 0]
    assert health[0] == 0.75
    assert health[-1] == 1
    assert np.flatnonzero(health == 1)[0] == 24 * 3600 // 300 - 1


def test_an_element_counts_in_its_own_bin_whenever_the_bins_are_closed():
    vis = binner()
    vis.add(dump())
    vis.add(say("withdraw", 610, "10.0.0.0/16"))
    assert series(vis.close(1200), "country/PK") == [512, 512, 256, 256]


def test_a_late_element_is_returned_and_mends_the_next_bin():
    vis = binner()
    vis.add(dump())
    vis.close(600)
    late = vis.add(say("withdraw", 599, "10.0.0.0/16"))
    assert late is not None
    assert len(late) == 4
    assert series(vis.close(900), "country/PK") == [256]


def test_an_older_word_does_not_undo_a_newer_one():
    vis = binner()
    vis.add(dump())
    vis.add(say("withdraw", 200, "10.0.0.0/16"))
    vis.add(say("announce", 199, "10.0.0.0/16"))
    assert series(vis.close(300), "country/PK") == [256]


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


def test_an_empty_batch_and_a_close_before_the_first_element_say_nothing():
    vis = binner()
    assert vis.close(10_000) == []
    vis.add(dump(time=9_950))
    assert vis.close(10_200)[0].start.tolist() == [9_900]


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


X, Y = "10.8.0.0/16", "10.9.0.0/16"
A, B = FOUR[:2]


def routes_of(vis: Visibility, peer: Peer) -> int:
    return int(vis.families[4].rib.size[vis.sessions.peers.index(peer)])


@pytest.mark.parametrize("cut", [False, True])
def test_what_was_said_before_a_reset_of_the_same_second_is_forgotten(cut):
    rows = [Element(200, "announce", A, X, 1), Element(200, "state", A, state=1), Element(200, "announce", A, Y, 1)]
    vis = binner()
    vis.add(dump())
    for batch in [rows[:1], rows[1:2], rows[2:]] if cut else [rows]:
        vis.add(elements(batch))
    vis.close(300)
    assert routes_of(vis, A) == 1
    assert vis.sessions.up[0]


def test_each_reset_in_a_batch_voids_its_own_sessions_words():
    rows = [Element(400, "announce", peer, X, 1) for peer in (A, B)]
    rows += [Element(401, "state", A, state=1), Element(402, "state", B, state=1)]
    vis = binner()
    vis.add(dump())
    vis.add(elements(rows))
    vis.close(600)
    assert (routes_of(vis, A), routes_of(vis, B)) == (0, 0)
    assert vis.sessions.up.tolist() == [False, False, True, True]


def test_an_older_reset_that_comes_late_does_not_revive_what_is_void():
    vis = binner()
    vis.add(dump())
    vis.add(state(200, 1, A))
    vis.add(state(150, 1, A))
    vis.add(say("announce", 170, X, sessions=(A,)))
    vis.close(300)
    assert routes_of(vis, A) == 0


def test_a_reset_that_comes_late_leaves_what_was_said_after_it():
    vis = binner()
    vis.add(dump())
    vis.add(say("announce", 210, X, sessions=(A,)))
    vis.add(state(200, 1, A))
    vis.close(300)
    assert routes_of(vis, A) == 1
    assert vis.sessions.up[0]


def test_a_peer_is_full_feed_again_only_with_most_of_what_it_had():
    more = {f"10.{i}.0.0/16": 1 for i in range(20, 30)}
    vis = binner()
    vis.add(dump())
    vis.add(dump(sessions=(A,), table=more))
    vis.close(300)
    vis.add(state(310, 1, A))
    vis.add(say("announce", 320, *[p for p in TABLE if ":" not in p], sessions=(A,)))
    vis.add(state(330, 1, A))  # and once more, before its table was whole
    vis.add(say("announce", 340, *[p for p in TABLE if ":" not in p], sessions=(A,)))
    assert vis.close(1200)[0].health[:, 0].tolist() == [0.75] * 3
    vis.add(say("announce", 1210, *more, sessions=(A,)))
    assert vis.close(1800)[0].health[:, 0].tolist() == [0.75, 1]


def test_a_table_that_still_grows_is_no_witness():
    table = {f"10.{i}.0.0/16": 1 for i in range(10)}
    arriving = peers(5)[4]
    vis = binner()
    vis.add(dump(table=table))
    vis.close(300)
    full = []
    for at, prefixes in ((310, list(table)[:8]), (610, list(table)[8:]), (910, [])):
        vis.add(say("announce", at, *prefixes, sessions=(arriving,)))
        vis.close(at // 300 * 300 + 300)
        full.append(bool(vis.families[4].witnesses.full[4]))
    assert full == [False, False, True]


def test_one_more_witness_is_asked_about_every_prefix():
    vis = binner(Counting(floors={4: 1, 6: 1}, min_peers=2, full_feed_share=0.5))
    vis.add(dump())
    vis.add(say("rib", 0, X, sessions=(A, B), origin=8))
    assert series(vis.close(300), "asn/AS8") == [256]
    vis.add(say("announce", 310, *TABLE, sessions=(peers(5)[4],)))
    assert series(vis.close(900), "asn/AS8") == [256, 0]  # two of five, from when the fifth is full-feed
