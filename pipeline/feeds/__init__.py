"""The feeds that can be read from a recording.  A feed is one file here and one line in `FEEDS`."""

from pipeline.feeds.base import Feed
from pipeline.feeds.mrt.feed import FEED as MRT
from pipeline.feeds.ris_live import FEED as RIS_LIVE
from pipeline.feeds.table.feed import FEED as TABLE

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (MRT, RIS_LIVE, TABLE)}
"""Feeds by name; a recorded file belongs to the first that recognises it."""
