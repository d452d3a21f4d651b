"""Feeds: from the bytes of a recording to records.  Other packages import from here only."""

from pipeline.feeds.archive import Recording, UnreadableError, open_source, recordings, sources
from pipeline.feeds.base import Dispatch, Feed, Item, Recorded
from pipeline.feeds.case import Label, Line, inside, nearby, read_entities, read_labels, rows_of, strangers, write_case
from pipeline.feeds.recorded import Recorder
from pipeline.feeds.registry import FEEDS
from pipeline.feeds.table import NAME as TABLE
from pipeline.feeds.table import EntityRow, chunks, read_table
from pipeline.feeds.table.text import seconds

__all__ = [
    "FEEDS", "TABLE", "Dispatch", "EntityRow", "Feed", "Item", "Label", "Line", "Recorded", "Recorder", "Recording",
    "UnreadableError",
    "chunks", "inside", "nearby", "open_source", "read_entities", "read_labels", "read_table", "recordings", "rows_of",
    "seconds", "sources", "strangers", "write_case",
]  # fmt: skip
