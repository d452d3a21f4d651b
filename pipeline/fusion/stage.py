"""The fuse stage: verdicts of all signals become outages, in order of event time."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import UNKNOWN
from pipeline.bins import NEVER, lowest
from pipeline.codec import decode, encode
from pipeline.fusion.belief import Belief, Turn
from pipeline.fusion.now import Now, Provisional
from pipeline.records import DEAD, END, PAST, Outage, Progress, Run, Verdicts
from pipeline.settings import Settings
from pipeline.state import pack, remember, touch, unpack


@dataclass
class Line:
    """What has come of one signal; ``queued``: the last bin of each detector [s]."""

    watermark: int = NEVER
    queued: dict[str, int] = field(default_factory=dict)
    status: str = ""


RECENT = 3 * 3600
"""How long before a watch began its metrics begin [s]: of what comes 90 minutes late they show something at once."""

Queued = tuple[int, int, str, str, int, Verdicts]
"""A bin that waits for its turn: end and width [s], signal, detector, and its place in a frame."""


@dataclass
class Stream:
    """One run in one fusion partition."""

    run: Run
    belief: Belief
    lines: dict[str, Line] = field(default_factory=dict)
    queue: list[Queued] = field(default_factory=list)
    told: int = NEVER
    judged: int = 0
    missed: int = 0
    now: Now | None = None
    begun: bool = False

    @property
    def in_past(self) -> bool:
        """Whether a feed still sends what came before the watch."""
        return any(line.status == PAST for line in self.lines.values())

    def open(self) -> list[Outage]:
        """The outages that are on: of a run that is watched those of now."""
        return self.now.open() if self.now is not None else [life.outage() for life in self.belief.lives.values()]


@dataclass(frozen=True)
class Fused:
    """Verdicts whose turn has come: what metrics and reports show, in order of event time."""

    verdicts: Verdicts
    bin: int


@dataclass(frozen=True)
class Missed:
    """So many bins of entities of a signal were observed, but came after their time was fused without them."""

    signal: str
    bins: int


@dataclass(frozen=True)
class Beside:
    """Verdicts that are made of others, whose turn has come: evidence that is not shown."""

    verdicts: Verdicts
    bin: int


@dataclass(frozen=True)
class Arrived:
    """A bin of a run that is watched, when it came: what live metrics show."""

    verdicts: Verdicts
    bin: int


Output = Outage | Fused | Beside | Missed | Progress | Provisional | Arrived


class FuseStage:
    """Fuses verdicts into outages.

    Input: `Verdicts` of any signal, each signal's in order.  Output: `Outage` revisions, `Fused` bins in the order
    (end, width, signal) and those `Beside` them, up to the lowest watermark of the feeds that are not dead, what was
    `Missed`, and `Progress`.

    Any order of arrival gives the same revisions: a bin waits until every signal of the run's roster has come up to its
    end, and what comes again is known by its signal and start.  No bin waits for a feed that is at its end, nor, but in
    a replay, for one that is dead: what it hands in later for a time that was fused without it is passed over and
    counted, time does not go back.

    Of a run that is no replay it also puts out, by and by, what is known `Now`: bins that have `Arrived`, and
    `Provisional` revisions, from the run's ``since`` on.
    """

    def __init__(self, partition: int, settings: Settings | None = None) -> None:
        self.partition, self.settings = partition, settings or Settings()
        self.streams: dict[str, Stream] = {}
        self.ended: dict[str, None] = {}

    def step(self, verdicts: Verdicts) -> list[Output]:
        """Take in a frame of verdicts; those that come again after the end of their run are nothing new."""
        run = verdicts.run
        if run.id in self.ended:
            return []
        if run.id not in self.streams:
            now = Now(self.settings.telling) if run.tense != "replay" else None
            self.streams[run.id] = Stream(run, Belief(run.tense, self.settings), now=now)
        stream = self.streams[run.id]
        for gone in touch(self.streams, run.id):
            remember(self.ended, gone)
        line = stream.lines.setdefault(verdicts.signal, Line())
        reached, was_past = line.queued.get(verdicts.detector, NEVER) + verdicts.width, stream.in_past
        missed, came = self._queue(stream, line, verdicts)
        line.watermark = max(line.watermark, verdicts.watermark)
        line.status = line.status if verdicts.is_made else verdicts.status
        begins = not stream.in_past and (was_past or reached < run.since <= verdicts.watermark)
        stream.begun |= begins or max(line.watermark, stream.told) >= run.since
        told: list[Output] = [Missed(verdicts.signal, missed)] if missed else []
        told += self._release(stream)
        return told + (self._now(stream, stream.now, verdicts, came, told, begins) if stream.now is not None else [])

    def _now(
        self, stream: Stream, now: Now, verdicts: Verdicts, came: list[Queued], settled: list[Output],
        begins: bool,
    ) -> list[Output]:  # fmt: skip
        """What is known by now, after a frame whose bins ``came``, and what it has ``settled``; ``begins``: all
        bins of its signal so far are history, and more of that is not to come."""
        now.settle(outages := [out for out in settled if isinstance(out, Outage)])
        now.pending += [_turn(entry) for entry in came]
        if verdicts.is_made:  # the frame that it is made of follows
            return []
        if stream.in_past or not stream.begun:
            now.wait()
            return [Arrived(verdicts, came[-1][4])] if came and verdicts.watermark > stream.run.since - RECENT else []
        if not (came or outages or begins):
            return []
        now.fuse(stream.belief, stream.told, map(_turn, stream.queue))
        told: list[Output] = [*(Arrived(verdicts, i) for *_, i, _ in came), *now.tell(stream.run.since)]
        if not begins:
            return told
        head = stream.run.id, self.partition, stream.told, stream.judged
        return [*told, Progress(*head, missed=stream.missed, is_now=True)]

    def _queue(self, stream: Stream, line: Line, verdicts: Verdicts) -> tuple[int, list[Queued]]:
        """Let bins wait for their turn; how many of entities have missed theirs (a dead feed's own NaN did not), and
        those that wait."""
        missed, came = 0, list[Queued]()
        queued = line.queued.get(verdicts.detector, NEVER)
        for i in np.flatnonzero(verdicts.start > queued) if verdicts.entities else ():
            end = int(verdicts.start[i]) + verdicts.width
            line.queued[verdicts.detector] = int(verdicts.start[i])
            if end > stream.told:
                entry = (end, verdicts.width, verdicts.signal, verdicts.detector, int(i), verdicts)
                heapq.heappush(stream.queue, entry)
                came.append(entry)
            elif not verdicts.is_made:
                missed += int((~np.isnan(verdicts.value[i])).sum())
        stream.missed += missed
        return missed, came

    def _release(self, stream: Stream) -> list[Output]:
        limit, ended = self._limit(stream), self._ended(stream)
        turns = list(_due(stream, limit))
        told: list[Output] = []
        for turn, outages in zip(turns, stream.belief.see(turns), strict=True):
            made = turn.verdicts.is_made
            told.append(Beside(turn.verdicts, turn.at) if made else Fused(turn.verdicts, turn.at))
            told += outages
            stream.judged += 0 if made else int((turn.verdicts.state[turn.at] != UNKNOWN).sum())
        if limit > stream.told or ended:
            stream.told = max(limit, stream.told)
            last = stream.belief.left() if ended else ()
            told.append(Progress(stream.run.id, self.partition, stream.told, stream.judged, ended, stream.missed, last))
        if ended:
            del self.streams[stream.run.id]
            remember(self.ended, stream.run.id)
        return told

    def _limit(self, stream: Stream) -> int:
        """Event time up to which every signal has come that still can [s]; once none can, up to the last one."""
        roster = set(stream.run.signals) | set(stream.lines)
        lines = [stream.lines.get(signal, Line()) for signal in roster]
        over = (END,) if stream.run.tense == "replay" else (DEAD, END)  # the rest of a recording is on its way
        going = [line.watermark for line in lines if line.status not in over]
        return lowest(going) if going else max((ln.watermark for ln in lines if ln.status == END), default=NEVER)

    def _ended(self, stream: Stream) -> bool:
        roster = set(stream.run.signals) | set(stream.lines)
        return all(stream.lines.get(signal, Line()).status == END for signal in roster)

    def open(self) -> list[Outage]:
        """The last revision of every outage that is open."""
        return [outage for stream in self.streams.values() for outage in stream.open()]

    def save(self) -> bytes:
        """Every run's outages, and the verdicts that wait for their turn."""
        head: list[Any] = []
        arrays: dict[str, np.ndarray] = {}
        for i, s in enumerate(self.streams.values()):
            frames = {id(verdicts): verdicts for *_, verdicts in s.queue}
            order = {key: i for i, key in enumerate(frames)}
            queue = [(end, *place, order[id(verdicts)]) for end, _, *place, verdicts in s.queue]
            lines = [(name, line.watermark, line.queued, line.status) for name, line in s.lines.items()]
            belief, own = s.belief.save()
            now = s.now.save() if s.now is not None else None
            head.append((s.run, s.told, s.judged, s.missed, lines, queue, len(order), belief, now, s.begun))
            arrays |= {f"{i}.{name}": array for name, array in own.items()}
            arrays |= {f"{i}.frame{j}": np.frombuffer(encode(frames[k]), np.uint8) for k, j in order.items()}
        return pack((head, list(self.ended)), arrays)

    def load(self, state: bytes) -> None:
        """Take over what was saved."""
        (head, ended), arrays = unpack(state)
        self.streams, self.ended = {}, dict.fromkeys(ended)
        for i, (run, told, judged, missed, lines, queue, size, belief, now, begun) in enumerate(head):
            frames = [decode(arrays[f"{i}.frame{j}"].tobytes()) for j in range(size)]
            run = Run.of(run)
            stream = Stream(
                run, Belief(run.tense, self.settings), told=told, judged=judged, missed=missed,
                now=Now.load(now, self.settings.telling) if now is not None else None, begun=begun,
            )  # fmt: skip
            own = {name.partition(".")[2]: a for name, a in arrays.items() if name.startswith(f"{i}.")}
            stream.belief.load(belief, own)
            stream.lines = {name: Line(*line) for name, *line in lines}
            stream.queue = [(end, frames[j].width, *place, frames[j]) for end, *place, j in queue]
            heapq.heapify(stream.queue)
            self.streams[run.id] = stream


def _due(stream: Stream, limit: int) -> Iterator[Turn]:
    """The bins that end by a time, in order."""
    while stream.queue and stream.queue[0][0] <= limit:
        yield _turn(heapq.heappop(stream.queue))


def _turn(entry: Queued) -> Turn:
    end, *_, i, verdicts = entry
    return Turn(verdicts, i, end)
