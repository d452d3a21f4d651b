"""What can go wrong with a publisher, laid over each stream: from its server to the outages."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import cycle, pairwise
from typing import NamedTuple

import numpy as np
import pytest

from pipeline import signals, topics
from pipeline.bins import WIDTH
from pipeline.engine import Engine, chain
from pipeline.feeds.live.atlas import Atlas, Rules
from pipeline.feeds.live.base import HEARTBEAT, Access, Client, Clock, Scope
from pipeline.feeds.live.ris_live import Listening, RisLive
from pipeline.fusion import Fused
from pipeline.geo.places import Places
from pipeline.ingest.outlet import Desk, Sent
from pipeline.ingest.supervisor import Supervisor
from pipeline.records import DEAD, END, UP, DeadLetter, Heartbeat, Outage, Peer, Run
from pipeline.settings import Counting, Settings
from pipeline.signals.binning import Total
from tests.feeds.live.test_atlas import event, listed
from tests.lookalikes import atlas, ris_live
from tests.signals.synthetic_bgp import Element, elements

pytestmark = pytest.mark.sockets

SPEED = 1200.0
START = 5_666_667 * WIDTH
PAST = 30 * 3600
"""How much of a calm past comes before [s]: what is judged must have had a day."""
SILENCE = 0.5  # after which a client gives a connection up [s of the machine]
NOTICE = SILENCE * SPEED + 2 * HEARTBEAT + 0.5 * SPEED
"""Until a fault is said, or that it is over: two heartbeats after the silence, with what a busy machine needs [s]."""
PROBES, PREFIXES = 8, 20
PEERS = [Peer(64496 + number, f"192.0.2.{number}", "rrc00") for number in range(4)]

Served = AsyncIterator[tuple[Client, Callable[[str], Awaitable[None]]]]


class Source(NamedTuple):
    """A stream: its client beside a server that breaks down, the server's faults, and what it gives of PK."""

    feed: str
    signal: str
    served: Callable[[Clock], Served]
    faults: tuple[str, ...]
    value: int
    past: list[Element] = []  # noqa: RUF012


async def routes(clock: Clock) -> Served:
    """Every peer announces every prefix once a bin."""
    lines = []
    for i in range(WIDTH):
        peer = PEERS[i % len(PEERS)]
        data = {
            "timestamp": i, "peer": peer.address, "host": peer.collector, "peer_asn": str(peer.asn), "type": "UPDATE",
            "path": [peer.asn, 64511],
            "announcements": [{"next_hop": peer.address, "prefixes": [f"10.0.{i // len(PEERS) % PREFIXES}.0/24"]}],
        }  # fmt: skip
        lines.append(json.dumps({"type": "ris_message", "data": data}).encode())
    rules = Listening(("rrc00",), SILENCE, late=0.5 * SPEED, span=24.0)
    async with ris_live.RisLiveLookalike(lines, SPEED, 0.02, 1000, clock.now()) as server:
        yield RisLive(Scope(), Access(server.url), clock, rules), server.break_down


async def probes(clock: Clock) -> Served:
    """Probes that are connected say so again and again."""
    known = [listed(number) for number in range(PROBES)]
    server = atlas.AtlasLookalike(
        known, [event(0, "disconnect", START - PAST + 607), event(0, "connect", START - PAST + 617)]
    )

    async def go_on() -> None:
        for number in cycle(range(PROBES)):
            now = int(clock.now()) - (86_400 if server.fault == "yesterday" else 0)
            with suppress(ConnectionError):
                await server.send(["atlas_probestatus", event(number, "connect", now)])
            await asyncio.sleep(0.03)

    async with server.running() as url:
        going = asyncio.create_task(go_on())
        client = Atlas(Scope(("PK",)), Access(url), clock, Rules(silence=SILENCE * SPEED, wait=SILENCE))
        client.http.timeout = SILENCE
        yield client, server.break_down
        going.cancel()


TABLE = [Element(START - PAST, "announce", peer, f"10.0.{i}.0/24", 64511) for i in range(PREFIXES) for peer in PEERS]
SOURCES = (
    Source("rislive", "bgp.ris", routes, ris_live.FAULTS, PREFIXES, TABLE),
    Source("atlas", "atlas.connected", probes, atlas.FAULTS, PROBES),
)


class Spell(NamedTuple):
    """A fault, when it began, when it was known, when it was over, and when that was known [s of the clock]."""

    fault: str
    begin: float
    known: float
    over: float
    back: float


class Story:
    """A client with its supervisor while its server has one fault after the other."""

    def __init__(self, source: Source) -> None:
        self.source, self.clock = source, Clock(START, SPEED)
        self.frames: list[Sent] = []
        self.beats: list[tuple[float, Heartbeat]] = []
        self.spells: list[Spell] = []
        self.dead = 0.0
        self.desk = Desk(
            source.feed, Run("live", "live", (source.signal,), START), (source.signal,), self._send, self.clock
        )
        if source.past:
            past = dataclasses.replace(elements(source.past, source.feed), run=self.desk.run)
            self.frames += topics.split(past, self.desk.partitions)
        asyncio.run(self._told())
        end = (self.desk.time, END, self.desk.signals)
        self.frames += [Heartbeat(self.desk.run, source.feed, p, *end) for p in range(self.desk.partitions)]

    async def _send(self, frames: list[Sent]) -> None:
        self.frames += frames
        self.beats += [(self.clock.now(), f) for f in frames if isinstance(f, Heartbeat) and not f.partition]
        self.dead = self.clock.now() if self.desk.status == DEAD else self.dead

    async def _told(self) -> None:
        async with asynccontextmanager(self.source.served)(self.clock) as (client, break_down):
            feed = self.source.feed
            supervised = Supervisor({feed: self.desk}, {feed: client}, self.clock, PAST).run()
            task = asyncio.create_task(supervised)
            await self._until(UP, START + 2 * WIDTH)
            for fault in self.source.faults:
                begin = self.clock.now()
                await break_down(fault)
                await self._until(UP if fault == "flood" else DEAD)
                known = self.clock.now()
                await self._reach((known // WIDTH + 2) * WIDTH + 90)
                over = self.clock.now()
                await break_down("")
                await self._until(UP, over)
                self.spells.append(Spell(fault, begin, known, over, self.clock.now()))
                await self._until(UP, over, whole=True)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _reach(self, time: float) -> None:
        await self.clock.sleep(time - self.clock.now())

    async def _until(self, status: str, after: float = 0.0, whole: bool = False) -> None:
        """Wait until the feed is so, and has come past an event time [s], and ``whole`` bins since it was dead:
        three, as a busy machine may break one."""
        async with asyncio.timeout(10):
            while self.desk.status != status or self.desk.time <= (
                (max(after, self.dead) // WIDTH + 4) * WIDTH if whole else after
            ):
                await asyncio.sleep(0.005)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.feed)
def test_a_fault_of_a_stream_is_said_and_is_no_outage(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "places", lambda: Places.of([("10.0.0.0/8", "PK")]))
    story = Story(source)
    engine = Engine(Settings(counting=Counting(min_peers=1, floors={4: 1, 6: 1})))
    outputs = list(chain([f for f in story.frames if not isinstance(f, DeadLetter)], engine))

    totals = [output for output in outputs if isinstance(output, Total)]
    letters = [frame.reason for frame in story.frames if isinstance(frame, DeadLetter)]
    assert story.desk.read + len(source.past) == sum(total.used + total.late for total in totals)
    assert story.desk.dead == len(letters)
    for spell in story.spells:
        assert spell.known < spell.begin + NOTICE, spell
        assert spell.back < spell.over + NOTICE, spell
        said = [beat for now, beat in story.beats if spell.known < now < spell.over]
        assert {beat.status for beat in said} == {UP if spell.fault == "flood" else DEAD}, spell
        assert all(beat.time <= spell.known for beat in said if beat.status == DEAD)
        assert all(beat.reason for beat in said if beat.status == DEAD)
    assert all(beat.time <= now for now, beat in story.beats)
    assert all(before.time <= beat.time for (_, before), (_, beat) in pairwise(story.beats))

    assert [o for o in outputs if isinstance(o, Outage) and o.confirmed_at is not None] == []
    fused = [(output.verdicts, output.bin) for output in outputs if isinstance(output, Fused)]
    bins = {}
    for verdicts, at in fused:
        for entity, value in zip(verdicts.entities, verdicts.value[at].tolist(), strict=True):
            if entity.name == "PK":
                bins[int(verdicts.start[at])] = value
    assert list(bins) == list(range(min(bins), max(bins) + 1, WIDTH))
    assert {value for value in bins.values() if not np.isnan(value)} == {source.value}
    for spell, following in pairwise([*story.spells, None]):
        inside = [value for start, value in bins.items() if spell.known <= start < spell.over - WIDTH]
        assert inside
        assert np.isnan(inside).all() == (spell.fault != "flood"), spell
        until = following.begin if following else float("inf")
        after = [value for start, value in bins.items() if spell.over <= start < until - WIDTH]
        assert source.value in after, spell
