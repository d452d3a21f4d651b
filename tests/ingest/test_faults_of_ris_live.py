"""Faults of RIS Live on its way into the bins: what was not seen is not observed, never 0, and every record counts."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from itertools import groupby

import numpy as np
import pytest

from pipeline import signals
from pipeline.engine import Engine, verdicts
from pipeline.feeds.live.base import Access, Clock, Scope
from pipeline.feeds.live.ris_live import Listening, RisLive
from pipeline.geo.places import Places
from pipeline.ingest.outlet import Desk, Sent
from pipeline.ingest.supervisor import Supervisor
from pipeline.records import END, DeadLetter, Heartbeat, Run, Verdicts
from pipeline.settings import Counting, Settings
from pipeline.signals.binning import FeedStatus, Total
from tests.lookalikes.ris_live import RisLiveLookalike

BIN, SPEED = 300, 600.0
START = 5_666_667 * BIN
PEERS, PREFIXES = 4, 20


def stream(bins: int) -> list[bytes]:
    """Every peer announces every prefix once a bin."""
    lines = []
    for i in range(bins * PEERS * PREFIXES):
        peer, prefix = i % PEERS, i // PEERS % PREFIXES
        data = {
            "timestamp": round(START + i * BIN / PEERS / PREFIXES, 2), "peer": f"192.0.2.{peer}", "host": "rrc00",
            "peer_asn": str(64496 + peer), "type": "UPDATE", "path": [64496 + peer, 64511],
            "announcements": [{"next_hop": "192.0.2.9", "prefixes": [f"10.0.{prefix}.0/24"]}],
        }  # fmt: skip
        lines.append(json.dumps({"type": "ris_message", "data": data}).encode())
    return lines


@pytest.mark.sockets
def test_gaps_are_not_observed_and_read_is_used_and_late_and_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "places", lambda: Places.of([("10.0.0.0/8", "PK")]))
    frames: list[Sent] = []

    async def send(batch: list[Sent]) -> None:
        frames.extend(batch)

    async def faults(server: RisLiveLookalike, at: Callable[[float], Awaitable[None]]) -> None:
        await at(4.2)
        await server.kill()
        await at(6.5)
        await server.revive()
        await at(8.2)
        server.garbage(b"{", b'{"type":"ris_error","data":{"message":"no"}}', b'{"type":"ris_message","data":7}')
        server.flood(10)
        await at(9.2)
        server.stall()
        await at(12.2)

    async def run() -> Desk:
        async with RisLiveLookalike(stream(15), speed=SPEED, tick=0.02) as server:
            clock = Clock(START, SPEED)
            desk = Desk("rislive", Run("live", "live", ("bgp.ris",)), ("bgp.ris",), send, clock)
            rules = Listening(("rrc00",), silence=0.3, late=float("inf"), span=60)
            client = RisLive(Scope(), Access(server.url), clock, rules)
            task = asyncio.create_task(Supervisor({"rislive": desk}, {"rislive": client}, clock, 0).run())
            await faults(server, lambda bins: clock.sleep(START + bins * BIN - clock.now()))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return desk

    desk = asyncio.run(run())
    frames += [Heartbeat(desk.run, desk.feed, p, desk.time, END, desk.signals) for p in range(desk.partitions)]
    engine = Engine(Settings(counting=Counting(min_peers=1, floors={4: 1, 6: 1})))
    found = list(verdicts([frame for frame in frames if not isinstance(frame, DeadLetter)], engine))

    judged = [v for v in found if isinstance(v, Verdicts) and v.signal == "bgp.ris" and len(v.start)]
    value = {
        (start - START) // BIN: v.value[row, v.entities.index(country)]
        for v in judged
        for country in [e for e in v.entities if e.name == "PK"]
        for row, start in enumerate(v.start.tolist())
    }
    assert [value[i] for i in (2, 3, 7, 8)] == [PREFIXES] * 4
    assert np.isnan(value[5])
    assert {v for v in value.values() if not np.isnan(v)} == {PREFIXES}
    totals = [item for item in found if isinstance(item, Total)]
    assert desk.read == sum(total.used + total.late for total in totals)
    reasons = [frame.reason for frame in frames if isinstance(frame, DeadLetter)]
    assert sorted(reasons) == ["bad-json", "bad-message", "server-error"]
    assert desk.dead == 3
    said = [item.status for item in found if isinstance(item, FeedStatus)]  # again with each new reason
    assert [status for status, _ in groupby(said)] == ["up", "dead", "up", "dead", "up", "end"]
