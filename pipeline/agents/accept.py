"""What each stage takes from its topic; all else becomes a dead letter."""

from collections.abc import Callable
from functools import partial

from pipeline import topics
from pipeline.checks import wrong
from pipeline.codec import decode
from pipeline.records import Bins, Elements, Frame, Heartbeat, Rows, Verdicts
from pipeline.signals import SIGNALS

Fits = Callable[[Frame], bool]
"""Whether a sound frame belongs on a topic."""


def accept(fits: Fits, message: bytes) -> Frame:
    """The frame of a message; ValueError where it is none, does not hold together, or belongs elsewhere."""
    frame = decode(message)
    if reason := wrong(frame):
        raise ValueError(f"{type(frame).__name__}: {reason}")
    if not fits(frame):
        raise ValueError(f"a {type(frame).__name__} of {getattr(frame, 'feed', '')!r} does not belong here")
    return frame


def of_feed(feed: str) -> Callable[[bytes], Frame]:
    """What the bin stage takes: records of its feed's kind, and heartbeats."""
    kind = Elements if feed in topics.BGP_FEEDS else Rows
    return partial(accept, lambda frame: isinstance(frame, kind | Heartbeat) and frame.feed == feed)


def _is_partial(frame: Frame) -> bool:
    return isinstance(frame, Bins) and frame.feed in SIGNALS and 0 <= frame.partition < _partitions(frame.feed)


def _is_of_fusion(frame: Frame) -> bool:
    return isinstance(frame, Verdicts) and 0 <= frame.partition < topics.VERDICTS.partitions


def _partitions(feed: str) -> int:
    return topics.feed(feed).partitions


OF_STAGE = {
    "merge": partial(accept, _is_partial),
    "judge": partial(accept, lambda frame: isinstance(frame, Bins) and frame.partition == -1),
    "fuse": partial(accept, _is_of_fusion),
}
"""What the stages behind take."""
