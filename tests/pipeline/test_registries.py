"""What stands in two registries agrees."""

from functools import partial

from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.signals import SIGNALS, visibility


def test_every_feed_has_a_binner() -> None:
    assert SIGNALS.keys() == FEEDS.keys()


def test_a_feed_of_bgp_names_the_signals_that_its_binner_makes_and_is_shared_out_by_address() -> None:
    counted = {name: made for name, made in SIGNALS.items() if isinstance(made, partial) and made.func is visibility}
    assert {name: made.args[0] for name, made in counted.items()} == {name: FEEDS[name].signals for name in counted}
    assert counted.keys() <= topics.BGP_FEEDS
    assert not (FEEDS.keys() - counted.keys()) & topics.BGP_FEEDS
