"""The feeds that can be read from a recording.  A feed is one module here and one line in `FEEDS`."""

from pipeline.feeds import mrt, ris_live, table
from pipeline.feeds.base import Feed

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (mrt.FEED, ris_live.FEED, table.FEED)}
"""Feeds by name; a recorded file belongs to the first that recognises it."""
