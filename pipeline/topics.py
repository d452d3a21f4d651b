"""Every Kafka topic: its name, key, partitions and retention.  And which partition a record belongs to.

Nothing in here talks to a broker: `pipeline.kafka` does.  Brokers stamp the records themselves (LogAppendTime),
because retention counts from a record's stamp: replayed history that carried its own would be deleted at the
first check, and stamps an hour ahead are refused.  Event time is in the frames.
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

MAX_MESSAGE = 8 * 2**20
"""Largest message that is sent [bytes]: a frame of 200,000 elements; whoever fills frames stays well below."""

BATCH_HEAD = 64 * 2**10
"""What keys and headers may add to a message before Kafka holds it against the topic's limit [bytes]."""

SEGMENT = 64 * 2**20
"""Piece of a compacted topic [bytes].  The newest is never compacted: at Kafka's 1 GiB a restart would read it all."""

PATH = "path"
"""What a dead letter names as its feed where it is none of a feed: a message between stages that is no frame."""

BGP_FEEDS = frozenset({"mrt", "rislive", "bmp", "exabgp"})
"""Feeds whose frames are `Elements`, shared out by address bits; all others send `Rows`, by country."""


@dataclass(frozen=True)
class Topic:
    """One topic.

    Parameters
    ----------
    name
        ``netvigil.<stage>.<name>``.
    value
        What a message is: Arrow frames of `pipeline.records`, or JSON.
    key
        What the messages are keyed by: fields of what they carry.  The partition is `partition_for` of it, unless
        `pipeline.agents.messages` says otherwise; of feeds it is what their records are shared out by.
    partitions
        How many workers can share it [-].  Never changed once there is data: keys would move.
    retention
        How long a message stays, at least [s]; `FOREVER` keeps it.
    size
        What one partition may take on disk [bytes]; `FOREVER` is no bound.
    compact
        Only the last message of each key matters: older ones may go earlier.
    """

    name: str
    value: str
    key: str
    partitions: int
    retention: int
    size: int = FOREVER
    compact: bool = False

    def settings(self) -> dict[str, str]:
        """The topic's settings in Kafka's own words.

        Examples
        --------
        >>> OUTAGES.settings()["retention.ms"], PROGRESS.settings()["cleanup.policy"]
        ('-1', 'compact,delete')
        >>> STATUS.settings()["cleanup.policy"]
        'compact'
        """
        compaction = {"segment.bytes": str(SEGMENT), "min.cleanable.dirty.ratio": "0.2"} if self.compact else {}
        return compaction | {
            "cleanup.policy": self._cleanup(),
            "retention.ms": str(self.retention * 1000 if self.retention != FOREVER else FOREVER),
            "retention.bytes": str(self.size),
            "max.message.bytes": str(MAX_MESSAGE + BATCH_HEAD),
            "message.timestamp.type": "LogAppendTime",
        }

    def _cleanup(self) -> str:
        if not self.compact:
            return "delete"
        return "compact" if self.retention == FOREVER else "compact,delete"


PARTIALS = Topic("netvigil.bin.partials", "Bins of one partition", "feed", 4, 2 * DAY, 2 * GIB)
SIGNALS = Topic("netvigil.bin.signals", "Bins, merged", "signal", 4, 30 * DAY, 4 * GIB)
VERDICTS = Topic("netvigil.judge.verdicts", "Verdicts", "signal", 4, 30 * DAY, 4 * GIB)
OUTAGES = Topic("netvigil.fuse.outages", "Outage, JSON, every revision", "entity", 4, FOREVER)
"""Its partitions, like those of the verdicts, are countries: a country's own outage and its networks' meet.

Kept for ever and never compacted: the revisions of an outage are the evidence, and they are small."""
PROGRESS = Topic("netvigil.fuse.progress", "Progress, JSON", "run/partition", 1, 7 * DAY, compact=True)
STATUS = Topic("netvigil.feed.status", "FeedStatus, JSON", "tense/feed", 1, FOREVER, compact=True)
"""The last status of each feed is kept for ever: it is only said where it changes, and a feed may live for years."""
DEADLETTERS = Topic("netvigil.feed.deadletters", "DeadLetter, JSON", "feed", 1, 30 * DAY, GIB)
LATE = Topic("netvigil.bin.late", "Elements, Rows", "feed", 1, 7 * DAY, 4 * GIB)

TOTALS = Topic("netvigil.bin.totals", "Total, JSON", "run/feed/partition", 1, 7 * DAY, compact=True)

FIXED = (PARTIALS, SIGNALS, VERDICTS, OUTAGES, PROGRESS, STATUS, DEADLETTERS, LATE, TOTALS)
"""All topics but those of the feeds."""


def feed(name: str) -> Topic:
    """The topic of one feed's frames: its records and its heartbeats.

    BGP is bounded by size as well: a day of full tables is some 10 GiB.

    Examples
    --------
    >>> feed("rislive").name, feed("rislive").partitions, feed("ioda").partitions
    ('netvigil.feed.rislive', 8, 4)
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", name):
        raise UserError(f"a feed cannot be called {name!r}: lower-case letters, digits and '-' make a topic's name")
    if name == PATH or f"netvigil.feed.{name}" in (STATUS.name, DEADLETTERS.name):
        raise UserError(f"a feed cannot be called {name!r}: netvigil uses that name itself")
    if name in BGP_FEEDS:
        return Topic(f"netvigil.feed.{name}", "Elements, Heartbeat", "address bits", 8, 2 * DAY, 4 * GIB)
    return Topic(f"netvigil.feed.{name}", "Rows, Heartbeat", "country", 4, 90 * DAY, 4 * GIB)


def every(feeds: Iterable[str]) -> tuple[Topic, ...]:
    """All topics of an installation with these feeds.

    Examples
    --------
    >>> [topic.name for topic in every(["ioda"])][:2]
    ['netvigil.feed.ioda', 'netvigil.bin.partials']
    """
    return (*(feed(name) for name in feeds), *FIXED)


STAGES = {"merge": PARTIALS, "judge": SIGNALS, "fuse": VERDICTS}
"""Topic that each stage behind the feeds reads."""


def snapshots(stage: str) -> str:
    """Name of the Faust table that holds a stage's snapshots."""
    return f"{stage}-snapshots"


def changelogs(group: str, feeds: Iterable[str]) -> tuple[Topic, ...]:
    """The changelogs of the stages' snapshots, as Faust calls them: as many partitions as what the stage reads.

    Examples
    --------
    >>> changelogs("netvigil", ["table"])[0].name
    'netvigil-bin-table-snapshots-changelog'
    >>> changelogs("red/blue", ["table"])
    Traceback (most recent call last):
    ...
    pipeline.errors.UserError: a group cannot be called 'red/blue': it is 1 to 100 letters, digits, '.', '_' or '-'
    """
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


GROUP = "group"
"""Header of a message that is for the workers of one group alone."""

OWN = "netvigil-own-"
"""How the name of a group begins that one replay has to itself."""


def is_own(group: str) -> bool:
    """Whether a group belongs to one replay: its workers take what is meant for them, and nothing else."""
    return group.startswith(OWN)


def address(group: str) -> dict[str, bytes]:
    """Header of what workers of a group make, and of what they take: none, but where a replay has them to itself.

    Examples
    --------
    >>> address("netvigil"), address("netvigil-own-1707350400-replay-5f")
    ({}, {'group': b'netvigil-own-1707350400-replay-5f'})
    """
    return {GROUP: group.encode()} if is_own(group) else {}


def is_for(headers: Mapping[str, bytes], own: Mapping[str, bytes]) -> bool:
    """Whether a message with these headers is for workers of that `address`.

    Examples
    --------
    >>> is_for({"run": b"a"}, {}), is_for({"group": b"b"}, {}), is_for({"group": b"b"}, {"group": b"b"})
    (True, False, True)
    """
    return headers.get(GROUP) == own.get(GROUP)


def of_group(topic: str) -> str:
    """The group whose snapshots a topic holds, '' where it is none: every group has one of the fuse stage.

    Examples
    --------
    >>> of_group("netvigil-fuse-snapshots-changelog"), of_group("netvigil.feed.table")
    ('netvigil', '')
    """
    end = f"-{snapshots('fuse')}-changelog"
    return topic.removesuffix(end) if topic.endswith(end) else ""


def partition_for(key: str, partitions: int) -> int:
    """The partition of a key: the same on every machine and in every run, unlike Python's own hash.

    Examples
    --------
    >>> partition_for("PK", 4), partition_for("IQ", 4)
    (3, 1)
    """
    return zlib.crc32(key.encode()) % partitions


def split(batch: Elements | Rows, partitions: int) -> list[Elements | Rows]:
    """The parts of a batch for each partition that gets any, each with its partition set; rows keep their order.

    Overlapping prefixes meet in one partition (v4 by the first octet, v6 by the first 16 bits; a prefix shorter than
    that goes where its first address does).  A peer's change of state concerns them all and goes to every partition;
    an element without a route only counts, and goes to partition 0.  Rows go by country, so that a country's
    own row, its regions and its ASes meet.

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
