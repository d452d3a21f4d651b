"""Every Kafka topic: its name, key, partitions and retention, and the partition of a record.

Brokers stamp the records (LogAppendTime), since retention counts from the stamp: replayed history with its own stamps
would be deleted at the first check, and stamps an hour ahead are refused.  Event time is in the frames.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.bins import DAY
from pipeline.errors import UserError
from pipeline.records import OTHER, STATE, Elements, Rows

GIB = 2**30
FOREVER = -1

MAX_MESSAGE = 8 * 2**20  # largest message [bytes]: a frame of 200,000 elements; frames are filled to well below
BATCH_HEAD = 64 * 2**10  # what keys and headers may add to a message [bytes]

SEGMENT = 64 * 2**20
"""Segment of a compacted topic [bytes].  The newest is never compacted, and a restart reads all of it."""

PATH = "path"  # the feed that a dead letter names for a message between stages

BGP_FEEDS = frozenset({"mrt", "rislive", "bmp", "exabgp"})
"""Feeds of `Elements`, partitioned by address bits; all others have `Rows`, partitioned by country."""


@dataclass(frozen=True)
class Topic:
    """One topic, ``netvigil.<stage>.<name>``.

    ``value``: what a message is, Arrow frames of `pipeline.records` or JSON.  ``key``: fields that make the key; the
    partition is `partition_for` of it, unless `pipeline.agents.messages` sets one.  ``partitions``: most workers that
    can share it; never changed once there is data, since keys would move.  ``retention`` [s] and ``size`` of a
    partition [bytes], or `FOREVER`.  ``compact``: only the last message of each key matters.
    """

    name: str
    value: str
    key: str
    partitions: int
    retention: int
    size: int = FOREVER
    compact: bool = False

    def settings(self) -> dict[str, str]:
        """The topic's settings for Kafka."""
        compaction = {"segment.bytes": str(SEGMENT), "min.cleanable.dirty.ratio": "0.2"} if self.compact else {}
        cleanup = ",".join(["compact"] * self.compact + ["delete"] * (not self.compact or self.retention != FOREVER))
        return compaction | {
            "cleanup.policy": cleanup,
            "retention.ms": str(self.retention * 1000 if self.retention != FOREVER else FOREVER),
            "retention.bytes": str(self.size),
            "max.message.bytes": str(MAX_MESSAGE + BATCH_HEAD),
            "message.timestamp.type": "LogAppendTime",
        }


PARTIALS = Topic("netvigil.bin.partials", "Bins of one partition", "feed", 4, 2 * DAY, 2 * GIB)
SIGNALS = Topic("netvigil.bin.signals", "Bins, merged", "signal", 4, 30 * DAY, 4 * GIB)
VERDICTS = Topic("netvigil.judge.verdicts", "Verdicts", "signal", 4, 30 * DAY, 4 * GIB)
OUTAGES = Topic("netvigil.fuse.outages", "Outage, JSON, every revision", "entity", 4, FOREVER)
"""Partitioned by country, as the verdicts are.  Kept for ever, never compacted: revisions are evidence, and small."""
NOW = Topic("netvigil.fuse.now", "Outage, JSON, every provisional revision", "entity", 4, 7 * DAY, GIB)
"""What is known by now, where a run is watched; ``settled``: the id among `OUTAGES`, '' while in none."""
PROGRESS = Topic("netvigil.fuse.progress", "Progress, JSON", "run/partition", 1, 7 * DAY, compact=True)
STATUS = Topic("netvigil.feed.status", "FeedStatus, JSON", "tense/feed", 1, FOREVER, compact=True)
"""The last status of each feed is kept for ever: it is written when it changes, which may be years apart."""
DEADLETTERS = Topic("netvigil.feed.deadletters", "DeadLetter, JSON", "feed", 1, 30 * DAY, GIB)
LATE = Topic("netvigil.bin.late", "Elements, Rows", "feed", 1, 7 * DAY, 4 * GIB)

TOTALS = Topic("netvigil.bin.totals", "Total, JSON", "run/feed/partition", 1, 7 * DAY, compact=True)

FIXED = (PARTIALS, SIGNALS, VERDICTS, OUTAGES, NOW, PROGRESS, STATUS, DEADLETTERS, LATE, TOTALS)
"""All topics but those of the feeds."""


def feed(name: str) -> Topic:
    """The topic of one feed's records and heartbeats.  BGP is bounded by size: a day of full tables is some 10 GiB."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", name):
        raise UserError(f"a feed cannot be called {name!r}: lower-case letters, digits and '-' make a topic's name")
    if name == PATH or f"netvigil.feed.{name}" in (STATUS.name, DEADLETTERS.name):
        raise UserError(f"a feed cannot be called {name!r}: netvigil uses that name itself")
    if name in BGP_FEEDS:
        return Topic(f"netvigil.feed.{name}", "Elements, Heartbeat", "address bits", 8, 2 * DAY, 4 * GIB)
    return Topic(f"netvigil.feed.{name}", "Rows, Heartbeat", "country", 4, 90 * DAY, 4 * GIB)


def every(feeds: Iterable[str]) -> tuple[Topic, ...]:
    """All topics of an installation with these feeds."""
    return (*(feed(name) for name in feeds), *FIXED)


STAGES = {"merge": PARTIALS, "judge": SIGNALS, "fuse": VERDICTS}  # topic that each stage after the bin stage reads


def snapshots(stage: str) -> str:
    """Name of the Faust table that holds a stage's snapshots."""
    return f"{stage}-snapshots"


def changelogs(group: str, feeds: Iterable[str]) -> tuple[Topic, ...]:
    """The changelogs of the stages' snapshots under Faust's names, with the partitions of what the stage reads."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", group):
        raise UserError(f"a group cannot be called {group!r}: it is 1 to 100 letters, digits, '.', '_' or '-'")
    if is_own(group) and not re.match(r"\d+-", group.removeprefix(OWN)):
        raise UserError(f"a group cannot be called {group!r}: that is how replays call theirs")
    read = {f"bin-{name}": feed(name) for name in feeds} | STAGES
    return tuple(
        Topic(f"{group}-{snapshots(stage)}-changelog", "chunk of a snapshot", "slot", topic.partitions, FOREVER,
              compact=True)
        for stage, topic in read.items()
    )  # fmt: skip


def worked(feeds: Iterable[str]) -> list[str]:
    """Names of the topics that workers for these feeds read."""
    return [topic.name for topic in (*map(feed, feeds), *STAGES.values(), DEADLETTERS)]


GROUP = "group"  # header of a message for the workers of one group alone
OWN = "netvigil-own-"  # beginning of the name of a private group, which one replay has to itself


def is_own(group: str) -> bool:
    """Whether a group is private."""
    return group.startswith(OWN)


def address(group: str) -> dict[str, bytes]:
    """Header of messages from and to workers of a private group; none for other groups."""
    return {GROUP: group.encode()} if is_own(group) else {}


def is_for(headers: Mapping[str, bytes], own: Mapping[str, bytes]) -> bool:
    """Whether a message with these headers is for workers of that `address`."""
    return headers.get(GROUP) == own.get(GROUP)


def of_group(topic: str) -> str:
    """The group of a topic with snapshots of the fuse stage, which every group has; '' for other topics."""
    end = f"-{snapshots('fuse')}-changelog"
    return topic.removesuffix(end) if topic.endswith(end) else ""


def partition_for(key: str, partitions: int) -> int:
    """The partition of a key, the same on every machine and in every run."""
    return zlib.crc32(key.encode()) % partitions


def split(batch: Elements | Rows, partitions: int) -> list[Elements | Rows]:
    """The parts of a batch for each partition, without empty ones; rows keep their order.

    Elements go by address, so that overlapping prefixes meet (v4 by the first octet, v6 by the first 16 bits, a shorter
    prefix with its first address).  A peer's change of state goes to every partition, an element without a route to
    partition 0.  Rows go by country, so that a country, its regions and its ASes meet.

    Examples
    --------
    >>> from pipeline.records import Entity, Run
    >>> rows = Rows(Run(), "ioda", 0, "bgp.ioda", 300, (), 0, (Entity("country", "PK"), Entity("asn", "AS1", "IQ")),
    ...             np.array([0, 0, 300]), np.array([0, 1, 0]), np.array([9.0, 5.0, 8.0]))
    >>> [(part.partition, part.value.tolist()) for part in split(rows, 4)]
    [(1, [5.0]), (3, [9.0, 8.0])]
    """
    if isinstance(batch, Elements):
        home = _home(batch, partitions)
        everywhere = batch.kind == STATE
    else:
        homes = [partition_for(entity.country or entity.name, partitions) for entity in batch.entities]
        home = np.array(homes, np.int64)[batch.entity]
        everywhere = np.zeros(len(batch), bool)
    parts = ((partition, np.flatnonzero(everywhere | (home == partition))) for partition in range(partitions))
    return [batch.take(rows, partition) for partition, rows in parts if len(rows)]


def _home(batch: Elements, partitions: int) -> np.ndarray:
    """Partition by the leading address bits, ``(n,) int64``; 0 for elements without an address."""
    leading = np.where(batch.family == 4, batch.hi >> np.uint64(56), batch.hi >> np.uint64(48))
    routeless = (batch.kind == OTHER) | (batch.kind == STATE)
    return np.where(routeless, np.uint64(0), leading % np.uint64(partitions)).astype(np.int64)
