"""Routes that stay as they are: the files of an archive, and what RIS Live sends."""

import gzip
import json
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import numpy as np

from pipeline.bins import DAY
from pipeline.feeds.live.base import Clock
from pipeline.feeds.mrt.stream import HEADER
from pipeline.records import Peer
from pipeline.settings import Counting
from tests.feeds.mrts import table
from tests.lookalikes.archive import ArchiveServer
from tests.lookalikes.ris_live import RisLiveLookalike

PEERS = tuple(Peer(64496 + number, f"192.0.2.{number + 1}", "rrc00") for number in range(12))
FOREIGN = Counting().floors[4]  # prefixes of other countries: only peers with whole tables count
STEP = 60  # between two messages of a peer [s]
ROUND = 3600  # after which the same messages come again [s]


class Files(Mapping[str, bytes]):
    """The table of a midnight [s], and updates, published when they are over, in which there is nothing."""

    def __init__(self, origins: Mapping[str, int], midnight: int, clock: Clock) -> None:
        self.clock = clock
        entries = {prefix: [(i, origin) for i in range(len(PEERS))] for prefix, origin in origins.items()}
        whole = table(entries, PEERS, midnight) + foreign(midnight)
        self.tables = {f"{midnight} rrc00": gzip.compress(whole, 1)}
        self.tables |= {f"{midnight} {name}": gzip.compress(table({}, (), midnight)) for name in ("rrc24", "rrc25")}

    def __getitem__(self, path: str) -> bytes:
        collector, _, name = path.split("/")
        kind, _, written = name.removesuffix(".gz").partition(".")
        time = int(datetime.strptime(f"{written}+0000", "%Y%m%d.%H%M%z").timestamp())
        if kind == "bview":
            return self.tables[f"{time} {collector}"]
        if time + 300 > self.clock.now():
            raise KeyError(path)
        return gzip.compress(b"")

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def foreign(time: int) -> bytes:
    """A /24 after the other from 20.0.0.0 on, each with an entry of every peer."""
    entries = b"".join(struct.pack(">HIH", number, 0, 0) for number in range(len(PEERS)))
    head = struct.pack(">IBxxxH", 0, 24, len(PEERS))
    record = HEADER.pack(time, 13, 2, len(head + entries)) + head + entries
    rows = np.tile(np.frombuffer(record, np.uint8), (FOREIGN, 1))
    at = HEADER.size + 5
    rows[:, at : at + 3] = (np.arange(20 << 16, (20 << 16) + FOREIGN, dtype=">u4")).view(np.uint8).reshape(-1, 4)[:, 1:]
    return rows.tobytes()


def messages(origins: Mapping[str, int]) -> list[bytes]:
    """Each peer announces one prefix after the other as it is; for a `ROUND` from time 0 on."""
    prefixes, lines = list(origins), list[bytes]()
    for time in range(0, ROUND, STEP):
        for number, peer in enumerate(PEERS):
            prefix = prefixes[(time // STEP + number) % len(prefixes)]
            data = {
                "timestamp": time + number * STEP / len(PEERS), "peer": peer.address, "peer_asn": str(peer.asn),
                "host": peer.collector, "type": "UPDATE", "path": [peer.asn, origins[prefix]],
                "announcements": [{"next_hop": peer.address, "prefixes": [prefix]}],
            }  # fmt: skip
            lines.append(json.dumps({"type": "ris_message", "data": data}).encode())
    return lines


@asynccontextmanager
async def quiet_routes(origins: Mapping[str, int], clock: Clock) -> AsyncIterator[dict[str, str]]:
    """RIS Live and its archive while the origin of each prefix stays as it is; gives their addresses."""
    now = clock.now()
    archive = ArchiveServer(Files(origins, int(now) // DAY * DAY, clock))
    live = RisLiveLookalike(messages(origins), clock.speed, tick=1.0, loops=10_000, now=now)
    async with archive.running() as url, live:
        yield {"rislive": live.url, "mrt": url}
