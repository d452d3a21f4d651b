"""The registries of feeds, signals and kinds agree."""

from functools import partial

from dashboards import panels
from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.kinds import KINDS
from pipeline.signals import SIGNALS, visibility


def test_every_feed_is_registered_under_its_own_name() -> None:
    assert {name: feed.name for name, feed in FEEDS.items()} == {name: name for name in FEEDS}
    assert SIGNALS.keys() <= FEEDS.keys()


def test_a_feed_of_bgp_names_the_signals_of_its_binner_and_is_partitioned_by_address() -> None:
    counted = {name: made for name, made in SIGNALS.items() if isinstance(made, partial) and made.func is visibility}
    assert {name: made.args[0] for name, made in counted.items()} == {name: FEEDS[name].signals for name in counted}
    assert counted.keys() <= topics.BGP_FEEDS
    assert not (FEEDS.keys() - counted.keys()) & topics.BGP_FEEDS


def test_every_kind_of_signal_has_a_name_and_a_colour_on_the_boards() -> None:
    assert set(KINDS) == panels.KINDS.keys()
