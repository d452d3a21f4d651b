"""Peers that come and go are not an outage: which are full-feed, and what a reset makes void."""

import numpy as np
import pytest

from pipeline.records import ESTABLISHED
from pipeline.settings import Counting
from tests.signals.synthetic_bgp import (
    FOUR,
    TABLE,
    A,
    B,
    Element,
    X,
    Y,
    binner,
    dump,
    elements,
    peers,
    say,
    series,
    state,
)


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


def test_without_a_full_feed_peer_nothing_is_observed_until_one_is_back():
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


def test_a_table_transfer_without_a_state_is_not_an_outage():
    arriving = peers(9)[4:]
    vis = binner()
    vis.add(dump())
    vis.close(300)
    values = []
    for i, prefix in enumerate([p for p in TABLE if ":" not in p]):
        vis.add(say("announce", 310 + 300 * i, prefix, sessions=arriving, origin=1))
        values += series(vis.close(600 + 300 * i), "country/PK")
    assert values == [512] * 3


def talk(vis, *sessions, begin=0, end=2 * 3600):
    """Each announces a prefix every five minutes, which is taken back a bin later; the bins until the end."""
    bins = []
    for time in range(begin + 10, end, 300):
        vis.add(say("announce", time, X, sessions=sessions))
        vis.add(say("withdraw", time + 1, X, sessions=sessions))
        bins += vis.close(time + 290)
    return bins


def test_a_peer_that_is_silent_while_others_announce_is_not_full_feed_until_its_next_element():
    vis = binner()
    vis.add(dump())
    health = [float(part.health[0, 0]) for part in talk(vis, *FOUR[1:]) if part.signal == "bgp.ris"]
    assert health == [1.0] * 12 + [0.75] * 12
    vis.add(say("announce", 7250, "10.0.0.0/16", sessions=(A,)))
    assert vis.close(7500)[0].health[0, 0] == 1


@pytest.mark.parametrize("announcing", [FOUR[:2], ()])
def test_where_hardly_any_peer_announces_none_is_silent(announcing):
    vis = binner()
    vis.add(dump())
    assert {float(part.health[0, 0]) for part in talk(vis, *announcing)} <= {1.0}
    assert vis.close(9000)[0].health[0, 0] == 1


def test_peers_that_are_gone_without_a_state_do_not_hide_a_withdrawal():
    many = peers(8)
    vis = binner()
    vis.add(dump(sessions=many, table={f"10.{i}.0.0/16": 1 for i in range(20, 40)}))
    talk(vis, *many[4:], end=3600)
    vis.add(say("withdraw", 3605, "10.20.0.0/16", sessions=many[4:]))
    bins = talk(vis, *many[4:], begin=3600)
    assert series(bins, "country/PK") == [19 * 256] * 12


def test_a_peer_that_left_for_good_does_not_count_as_unhealthy_for_ever():
    vis = binner()
    vis.add(dump())
    vis.close(300)
    vis.add(state(310, 1, FOUR[0]))
    health = vis.close(2 * 24 * 3600)[0].health[:, 0]
    assert health[0] == 0.75
    assert health[-1] == 1
    assert np.flatnonzero(health == 1)[0] == 24 * 3600 // 300 - 1


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


def routes(vis, peer):
    """How many prefixes a peer announces."""
    return int(vis.families[4].rib.size[vis.sessions.peers.index(peer)])


@pytest.mark.parametrize("cut", [False, True])
def test_elements_before_a_reset_of_the_same_second_are_void(cut):
    rows = [Element(200, "announce", A, X, 1), Element(200, "state", A, state=1), Element(200, "announce", A, Y, 1)]
    vis = binner()
    vis.add(dump())
    for batch in [rows[:1], rows[1:2], rows[2:]] if cut else [rows]:
        vis.add(elements(batch))
    vis.close(300)
    assert routes(vis, A) == 1


def test_each_reset_makes_older_elements_of_its_own_session_void_in_any_order_of_arrival():
    vis = binner()
    vis.add(dump())
    vis.add(say("announce", 210, X, sessions=(A,)))
    vis.add(elements([Element(200, "state", A, state=1), Element(201, "state", B, state=1)]))
    vis.add(state(150, 1, A))
    vis.add(say("announce", 170, Y, sessions=(A, B)))
    vis.close(300)
    assert (routes(vis, A), routes(vis, B)) == (1, 0)
    assert vis.sessions.up.tolist() == [True, False, True, True]


def test_a_table_that_still_grows_is_not_full_feed_and_then_counts_for_every_prefix():
    vis = binner(Counting(floors={4: 1, 6: 1}, min_peers=2, full_feed_share=0.5))
    vis.add(dump())
    vis.add(say("rib", 0, X, sessions=(A, B), origin=8))
    assert series(vis.close(300), "asn/AS8") == [256]
    vis.add(say("announce", 310, *TABLE, sessions=(peers(5)[4],)))
    assert series(vis.close(900), "asn/AS8") == [256, 0]  # two of five, from when the fifth is full-feed
