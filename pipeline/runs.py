"""Runs come and go: what a stage keeps of them stays bounded."""

from collections.abc import MutableMapping
from typing import Any, TypeVar

from pipeline.records import Run

CROWD = 16
"""Replays and drills that may go on side by side [-], those of each tense apart.  A replay that was killed never says
that it has ended: the one that was quiet for longest makes room."""

LIVE = "live"
"""The one run that is never forgotten, however quiet: what ingest feeds.  A replay that plays live has another id."""

ENDED = 1000
"""Streams of which a stage remembers that they have ended, so that a frame that comes again begins none anew [-]."""

K = TypeVar("K")
S = TypeVar("S")


def touch(streams: MutableMapping[K, Any], key: K, crowd: int = CROWD) -> list[K]:
    """Note that a stream goes on; returns the streams, now gone, whose run had to make room for it.

    Each stream has its ``run``; the mapping is kept in order of last use.

    Examples
    --------
    >>> class Stream:
    ...     def __init__(self, name, tense): self.run = Run(name, tense)
    >>> streams = {1: Stream(LIVE, "live"), 2: Stream("a", "replay"), 3: Stream("b", "replay")}
    >>> touch(streams, 2, crowd=1), list(streams)
    ([3], [1, 2])
    """
    streams[key] = streams.pop(key)
    order: dict[str, Run] = {}
    for stream in reversed(list(streams.values())):
        order.setdefault(stream.run.id, stream.run)
    passing = [run for run in order.values() if run.id != LIVE]
    tenses = {run.tense for run in passing}
    crowded = {name for tense in tenses for name in [run.id for run in passing if run.tense == tense][crowd:]}
    gone = [name for name, stream in streams.items() if stream.run.id in crowded] if crowded else []
    for name in gone:
        del streams[name]
    return gone


def remember(ended: dict[K, None], key: K, most: int = ENDED) -> None:
    """Remember a stream that has ended; the eldest is forgotten.

    Examples
    --------
    >>> ended = {}
    >>> for name in "abc": remember(ended, name, most=2)
    >>> list(ended)
    ['b', 'c']
    """
    ended.pop(key, None)
    ended[key] = None
    while len(ended) > most:
        del ended[next(iter(ended))]
