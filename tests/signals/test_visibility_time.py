"""Late, early, dumped, silent, dead and saved."""

import numpy as np
import pytest

from pipeline.geo.places import Places
from pipeline.records import Run
from pipeline.signals.visibility import Visibility
from tests.signals.visible import RULES, TABLE, binner, dump, say, series


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
    assert (len(late), vis.crowded) == (4, 0)
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
