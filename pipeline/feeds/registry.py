"""The feeds.  One that is recorded is one module here and one line in `FEEDS`, one that is polled one in `POLLED`."""

from pipeline.feeds import atlas, ioda, mrt, ooni, radar, ris_live, table
from pipeline.feeds.base import Feed
from pipeline.feeds.polled import Polled

POLLED: dict[str, Polled] = {polled.name: polled for polled in (*ioda.POLLED, radar.POLLED, ooni.POLLED)}
"""Polled feeds by name.  They have no recordings of their own."""

FEEDS: dict[str, Feed] = {
    feed.name: feed
    for feed in (mrt.FEED, ris_live.FEED, atlas.FEED, table.FEED, *(polled.feed for polled in POLLED.values()))
}
"""Feeds by name; a recorded file belongs to the first that recognises it."""
