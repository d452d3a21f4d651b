"""The feeds that can be read from a recording.  A feed is one file here and one line in `FEEDS`."""

from pipeline.feeds import ris_live as rislive
from pipeline.feeds.base import Feed
from pipeline.feeds.mrt import feed as mrt
from pipeline.feeds.table import feed as table

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (mrt.FEED, rislive.FEED, table.FEED)}
"""Feeds by name; a recorded file belongs to the first that recognises it."""
