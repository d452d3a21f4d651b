"""The feeds that can be read from a recording.  A feed is one file here and one line in `FEEDS`."""

from pipeline.feeds import mrt, rislive, table
from pipeline.feeds.base import Feed

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (mrt.FEED, rislive.FEED, table.FEED)}
"""Feeds by name; a recorded file belongs to the first that recognises it."""
