"""Calm streams, and the same with a real outage: lines of RIS Live from three collectors, series of six countries.

Made by hand: every fault must be laid over something of which all is known.
"""

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import numpy as np

from pipeline.bins import DAY, WIDTH
from pipeline.codec import iso
from pipeline.engine import Engine, Output
from pipeline.feeds import Recording
from pipeline.feeds.base import batched
from pipeline.feeds.ris_live import FEED
from pipeline.fusion import Fused
from pipeline.geo.places import Places
from pipeline.records import DeadLetter, Elements, Frame, Rows, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport, through_memory
from pipeline.settings import Counting, Settings
from tests.replay.tapes import BEGIN, Tape, pieces, six_countries
from tests.replay.truth import told

HOUR = 3600
COUNTRY = ("AA", "BB", "CC")
PLACES = Places.of([(f"{octet}.0.0.0/8", COUNTRY[octet // 8 % 3]) for octet in range(1, 224)])
RULES = Settings(Counting(floors={4: 8, 6: 8}, min_peers=4, full_feed_share=0.4))
COLLECTORS = ("rrc01", "rrc02", "rrc03")
PEERS = tuple((COLLECTORS[i % 3], 64500 + i, f"192.0.2.{i}") for i in range(12))
"""Four full-feed peers at each of three collectors."""

TABLE = tuple(f"{octet}.0.0.0/16" for octet in range(8, 40))
"""Each partition of the feed has routes of all three countries."""
SMALL = tuple(f"24.1.{i}.0/24" for i in range(8))
"""What comes and goes, so that the counts move as real ones do."""

HOURS = 31
FAULT = BEGIN + 26 * HOUR
"""From when on there are faults [s]: a detector has seen a day."""

TABLED = BEGIN + 20 * HOUR
"""When the streams of routes begin [s], which take an hour to be judged."""

OUT = (BEGIN + 25 * HOUR, BEGIN + 29 * HOUR)
"""The real outage of BB, and of PK [s]."""


class Line(NamedTuple):
    """A message as it comes: ``time`` is what it is stamped with [s]."""

    time: int
    peer: tuple[str, int, str]
    body: dict[str, object]

    def text(self) -> bytes:
        host, asn, address = self.peer
        head = {"timestamp": float(self.time), "peer": address, "peer_asn": str(asn), "host": host}
        return json.dumps({"type": "ris_message", "data": {**head, **self.body}}).encode() + b"\n"


def by_country(prefixes: Iterable[str]) -> list[list[str]]:
    """Those of each country, which one network there announces."""
    found: list[list[str]] = [[] for _ in COUNTRY]
    for prefix in prefixes:
        found[int(prefix.partition(".")[0]) // 8 % 3].append(prefix)
    return found


def announce(time: int, peer: tuple[str, int, str], prefixes: Iterable[str]) -> list[Line]:
    return [
        Line(time, peer, {"type": "UPDATE", "path": [peer[1], 64496 + i],
                          "announcements": [{"next_hop": "192.0.2.254", "prefixes": own}]})
        for i, own in enumerate(by_country(prefixes)) if own
    ]  # fmt: skip


def withdraw(time: int, peer: tuple[str, int, str], prefixes: Iterable[str]) -> Line:
    return Line(time, peer, {"type": "UPDATE", "withdrawals": list(prefixes)})


def state(time: int, peer: tuple[str, int, str], word: str) -> Line:
    return Line(time, peer, {"type": "RIS_PEER_STATE", "state": word})


def keepalive(time: int, peer: tuple[str, int, str]) -> Line:
    return Line(time, peer, {"type": "KEEPALIVE"})


def routes(is_out: bool = False, seed: int = 2) -> list[Line]:
    """A table from every peer, then eleven hours of what goes on in it; BB's routes go for four."""
    rng = np.random.default_rng(seed)
    lines = [line for peer in PEERS for line in announce(TABLED, peer, (*TABLE, *SMALL))]
    own = by_country(TABLE)[1]
    for at in range(TABLED + WIDTH, BEGIN + HOURS * HOUR, WIDTH):
        down = is_out and OUT[0] <= at < OUT[1]
        up = rng.random(len(SMALL)) < 0.5
        for i, peer in enumerate(PEERS):
            time = at + 17 * i
            if is_out and at == OUT[0]:
                lines.append(withdraw(time, peer, own))
            if is_out and at == OUT[1]:
                lines += announce(time, peer, own)
            table = [prefix for prefix in TABLE if not (down and prefix in own)]
            eighth = (at // WIDTH + i) * 8 % len(table)  # one prefix of each partition
            lines += announce(time + 1, peer, table[eighth : eighth + 8])
            lines += announce(time + 2, peer, [p for p, is_up in zip(SMALL, up, strict=True) if is_up])
            lines.append(withdraw(time + 3, peer, [p for p, is_up in zip(SMALL, up, strict=True) if not is_up]))
    return [line for line in lines if line.body.get("withdrawals") != []]


def series(is_out: bool = False) -> list[Rows]:
    """Thirty-one hours of six countries, two signals of each; PK is at a tenth for four."""
    outages = {"PK": (OUT[0] - BEGIN, OUT[1] - BEGIN)} if is_out else {}
    return six_countries(np.random.default_rng(1), HOURS * HOUR, outages)


def table(given: list[Rows]) -> str:
    """The same as ``signals.csv``."""
    lines = ["time,signal,entity_type,entity,value"]
    for rows in given:
        for time, entity, value in zip(rows.time.tolist(), rows.entity.tolist(), rows.value.tolist(), strict=True):
            lines.append(f"{iso(time)},{rows.signal},country,{rows.entities[entity].name},{value:g}")
    return "\n".join(lines)


@dataclass
class Found:
    """What came of a stream: its ``result``, how many records it had, and the verdicts."""

    result: ReplayReport
    read: int
    fused: list[Fused] = field(default_factory=list)

    def see(self, output: Output | DeadLetter) -> None:
        if isinstance(output, Fused):
            self.fused.append(output)

    def seen(self, signal: str, name: str, begin: int, end: int) -> list[tuple[int, float]]:
        """State and health of a country in the bins that begin in a time [s]."""
        told = []
        for one, row in ((fused.verdicts, fused.bin) for fused in self.fused if fused.verdicts.signal == signal):
            names = [entity.name for entity in one.entities]
            if name in names and begin <= one.start[row] < end:
                at = names.index(name)
                told.append((int(one.state[row, at]), float(one.health[row, at])))
        return told

    @property
    def told(self) -> list[str]:
        """Every outage, also one that was only suspected."""
        return [told(outage) for outage in self.result.sorted()]


NUMBERS = count()


def played(recording: Recording, settings: Settings) -> Found:
    """A recording through the engine, as a replay plays it."""
    run = Run(f"fault-{next(NUMBERS)}", "replay", recording.signals)
    playback = Playback([recording], run)
    found = Found(ReplayReport(run), 0)
    found.result = through_memory(playback, Engine(settings), run, found.see)
    found.read = playback.read
    return found


def play_lines(lines: Iterable[Line | bytes]) -> Found:
    """Lines in the order in which they come."""
    text = b"".join(line if isinstance(line, bytes) else line.text() for line in lines)
    return played(Recording(FEED.name, FEED.signals, batched(FEED.items(io.BytesIO(text)), DAY)), RULES)


def play_frames(given: list[Rows], change: Callable[[list[Frame]], Iterable[Frame]] = lambda frames: frames) -> Found:
    """Series in pieces of an hour, with heartbeats, and the frames changed on their way."""
    tape: Tape = pieces(given, HOUR).under(f"fault-{next(NUMBERS)}").changed(change)
    found = Found(ReplayReport(tape.run), sum(len(f) for f in tape.sent if isinstance(f, Rows | Elements)))
    found.result = through_memory(tape, Engine(), tape.run, found.see)
    return found
