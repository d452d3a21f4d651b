"""A table, updates and live messages give, to the row, the bins of one uninterrupted recording."""

import asyncio
import dataclasses
import gzip
import io
import ipaddress
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline import topics
from pipeline.feeds import recordings, ris_live
from pipeline.feeds.base import Dispatch, Item
from pipeline.feeds.live.archives import RIS
from pipeline.feeds.live.base import Access, Client, Clock, FeedError, Scope
from pipeline.feeds.live.download import Downloads
from pipeline.feeds.live.narrowed import Narrowed
from pipeline.feeds.live.registry import CLIENTS
from pipeline.feeds.live.spliced import Spliced
from pipeline.feeds.live.tables import Tables, fetch_mrt
from pipeline.feeds.mrt.records import Decoder
from pipeline.feeds.mrt.stream import HEADER
from pipeline.geo.places import Places
from pipeline.records import ANNOUNCE, END, RIB, STATE, UP, Bins, Elements, Heartbeat, Peer, Run
from pipeline.settings import Counting
from pipeline.signals.merging import MergeStage
from pipeline.signals.visibility import Visibility
from tests.feeds.mrts import read, table, whole
from tests.lookalikes.archive import ArchiveServer
from tests.lookalikes.ris_live import RisLiveLookalike

TABLE, FIRST, END_OF_FILES = 1356998400, 1357000200, 1357002000
"""Time of the tables, and the window of the updates: half an hour of 2013-01-01 [s]."""

LIVE = END_OF_FILES - 450
"""When the live feed begins, in the middle of a file."""

COLLECTORS = ("rrc00", "rrc24", "rrc25")
RULES = Counting(floors={4: 1, 6: 1}, min_peers=2, full_feed_share=0.2, threshold=0.1)
PLACES = Places.of([(f"{octet}.0.0.0/8", ("PK", "IQ", "MM")[octet % 3]) for octet in range(1, 224)])
RUN = Run("live", "live", ("bgp.ris", "bgp.ris6"))


def collector(peer: Peer) -> str:
    return COLLECTORS[peer.asn % 3]


def path(name: str, kind: str, time: int) -> str:
    minutes = (time - TABLE) // 300 * 5
    return f"{name}/2013.01/{kind}.20130101.{minutes // 60:02}{minutes % 60:02}.gz"


def prefix(batch: Elements, row: int) -> str:
    address = int(batch.hi[row]) << 64 | int(batch.lo[row])
    bits = 32 if batch.family[row] == 4 else 128
    return str(ipaddress.ip_network((address >> (128 - bits), int(batch.length[row]))))


class World:
    """Real updates of 46 minutes: files of three collectors after a made-up table, live messages, and the whole."""

    def __init__(self, data) -> None:
        raw = b"".join(whole(data / f"feeds/mrt/csunetsec-gobgpdump/arch{i}") for i in range(4))
        batches, damage, _ = read(raw)
        assert not damage
        held: dict[str, dict[Peer, int]] = defaultdict(dict)
        for batch in batches:
            for row in np.flatnonzero(batch.time < FIRST):
                peer = batch.peers[batch.peer[row]]
                if batch.kind[row] == ANNOUNCE:
                    held[prefix(batch, row)][peer] = int(batch.origin[row]) or 64496
                else:
                    held[prefix(batch, row)].pop(peer, None)
        peers = sorted({peer for batch in batches for peer in batch.peers})
        times = range(TABLE, END_OF_FILES, 300)
        files = {path(name, "updates", time): bytearray() for name in COLLECTORS for time in times}
        tables = {}
        for name in COLLECTORS:
            own = [peer for peer in peers if collector(peer) == name]
            rows = {p: [(own.index(peer), origin) for peer, origin in those.items() if peer in own]
                    for p, those in held.items()}  # fmt: skip
            tables[name] = table({p: entries for p, entries in rows.items() if entries}, own, TABLE)
        at = 0
        while at < len(raw):
            *head, length = HEADER.unpack_from(raw, at)
            record = raw[at : at + HEADER.size + length]
            at += len(record)
            if FIRST <= head[0] < END_OF_FILES:
                _, ((peer, *_), *_), _ = Decoder().rows((*head, record[HEADER.size :]))
                files[path(collector(peer), "updates", head[0])] += record
        self.files = {name: gzip.compress(body, 1) for name, body in files.items()}
        self.files |= {path(name, "bview", TABLE): gzip.compress(body, 1) for name, body in tables.items()}
        later = [batch.take((batch.time >= FIRST) & (batch.time < END_OF_FILES)) for batch in batches]
        dump = [batch for body in tables.values() for batch in read(body)[0]]
        self.recording = [_labelled(batch) for batch in (*dump, *later) if len(batch)]
        self.messages = b"".join(_rendered(batch, LIVE) for batch in later)


def _labelled(batch: Elements) -> Elements:
    return dataclasses.replace(batch, peers=tuple(peer._replace(collector=collector(peer)) for peer in batch.peers))


def _rendered(batch: Elements, start: int) -> bytes:
    """As RIS Live sends it, a message an element."""
    lines = []
    for row in np.flatnonzero(batch.time >= start):
        peer, name = batch.peers[batch.peer[row]], prefix(batch, row)
        data = {"timestamp": int(batch.time[row]) + 0.25, "peer": peer.address, "peer_asn": str(peer.asn),
                "host": f"{collector(peer)}.ripe.net", "type": "UPDATE"}  # fmt: skip
        if batch.kind[row] == ANNOUNCE:
            origin = int(batch.origin[row])
            data |= {"path": [peer.asn, origin or [1, 2]], "announcements": [{"next_hop": "::", "prefixes": [name]}]}
        else:
            data |= {"withdrawals": [name]}
        lines.append(json.dumps({"type": "ris_message", "data": data}) + "\n")
    return "".join(lines).encode()


@pytest.fixture(scope="module")
def world(data) -> World:
    return World(data)


class Radio:
    """A live client: all its messages in small batches, then nothing."""

    feed, patience = "rislive", 900.0

    def __init__(self, messages: bytes) -> None:
        items = [item for item in ris_live.read(io.BytesIO(messages)) if isinstance(item, Elements)]
        self.parts = [item.take(rows) for item in items for rows in np.array_split(np.arange(len(item)), 20)]
        self.gaps: list[tuple[int, int]] = []
        self.failure: FeedError | None = None
        self.patient = True

    async def listen(self, outlet) -> None:
        while self.parts:
            part = self.parts.pop(0)
            await outlet.put([part])
            await outlet.beat(int(part.time.min()) - 30)
            await asyncio.sleep(0)
            if self.failure and part.time[0] > END_OF_FILES - 200:
                while self.patient and not outlet.released:
                    await asyncio.sleep(0.01)
                error, self.failure = self.failure, None
                self.gaps.append((END_OF_FILES - 180, END_OF_FILES - 120))
                self.parts = [part for part in self.parts if part.time[0] >= END_OF_FILES - 120]
                raise error
        await outlet.beat(END_OF_FILES)
        await asyncio.Event().wait()


class Outlet:
    """What ingest would send, as frames."""

    def __init__(self) -> None:
        self.dispatch = Dispatch(RUN, "rislive", RUN.signals)
        self.frames: list[Elements | Heartbeat] = []
        self.beats: list[tuple[int, str, str]] = []

    async def put(self, items: Iterable[Item]) -> None:
        for item in items:
            assert isinstance(item, Elements), item
            self.frames += topics.split(dataclasses.replace(item, run=RUN), 8)  # type: ignore[arg-type]

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        self.beats.append((time, status, reason))
        self.frames += self.dispatch.beat(time, status)

    def routes(self) -> int:
        return sum(int((frame.kind != STATE).sum()) for frame in self.frames if isinstance(frame, Elements))

    def reached(self) -> int:
        return self.beats[-1][0] if self.beats else 0

    def is_over(self) -> bool:
        return self.reached() >= END_OF_FILES


def recorded(batches: list[Elements]) -> Iterator:
    return Dispatch(RUN, "rislive", RUN.signals).frames(batches)


def rows(frames: Iterable) -> dict[tuple, tuple[float, float]]:
    """Value and health of every entity in every merged bin."""
    parts = [Visibility(RUN, "rislive", p, 8, RUN.signals, PLACES, RULES) for p in range(8)]
    merge, found = MergeStage({"rislive": 8}), {}
    dead = True
    for frame in frames:
        vis = parts[frame.partition]
        if isinstance(frame, Elements):
            assert vis.add(frame) is None, "late"
            continue
        dead = frame.status != UP and frame.status != END
        for bins in [] if dead else vis.close(frame.time):
            for merged in merge.step(bins):
                assert isinstance(merged, Bins)
                for t, start in enumerate(merged.start.tolist()):
                    for i, entity in enumerate(merged.entities):
                        cell = float(merged.value[t, i]), float(merged.health[t, i])
                        found[merged.signal, start, entity.type, entity.name] = cell
    return {key: cell for key, cell in found.items() if not np.isnan(cell).all()}


async def until(happened: Callable[[], bool], client: Client, outlet: Outlet) -> None:
    """Let the client listen until something has happened, or it fails."""

    async def look() -> None:
        while not happened():
            await asyncio.sleep(0.01)

    listening, over = asyncio.create_task(client.listen(outlet)), asyncio.create_task(look())
    await asyncio.wait((listening, over), return_when=asyncio.FIRST_COMPLETED, timeout=30)
    over.cancel()
    if not listening.done():
        listening.cancel()
        await asyncio.wait((listening,))
    if not listening.cancelled():
        listening.result()


def spliced(radio: Radio, folder, url: str) -> Spliced:
    clock = Clock(start=LIVE, speed=200.0)
    downloads = Downloads(folder, clock, pause=0.0)
    return Spliced(radio, Tables("rislive", downloads, COLLECTORS, archive=RIS._replace(url=url)), clock)


def watched(world: World, server: ArchiveServer, folder, kill: str = "") -> Outlet:
    """What is sent until the recording is over, or the client fails, or a file is fetched whose name begins so."""

    def progress(name: str, done: int, total: int | None) -> None:
        if kill and name.startswith(kill):
            raise KilledError

    async def story() -> Outlet:
        async with server.running() as url:
            outlet, client = Outlet(), spliced(Radio(world.messages), folder, url)
            client.tables.downloads.progress = progress
            await until(outlet.is_over, client, outlet)
            return outlet

    return asyncio.run(story())


class KilledError(Exception):
    pass


@pytest.mark.sockets
def test_tables_updates_and_live_messages_give_the_bins_of_one_recording(world, tmp_path):
    last = path("rrc00", "updates", END_OF_FILES - 600)
    server = ArchiveServer(world.files, {last: [404, 404, 429]}, retry_after="1")
    outlet = watched(world, server, tmp_path)
    whole, found = rows(recorded(world.recording)), rows(outlet.frames)
    assert len(whole) > 1000
    assert found == whole
    assert outlet.beats[0][1:] == ("dead", "its routing tables are being fetched")
    assert list(dict.fromkeys(beat[1:] for beat in outlet.beats))[1:] == [
        ("up", "its routing tables are being read"), ("up", ""),
    ]  # fmt: skip
    times = [time for time, *_ in outlet.beats]
    assert times == sorted(times)
    assert sum(map(len, world.recording)) == outlet.routes()
    assert [name for name, _ in server.asked].count(last) == 4

    # a worker that was at work before drops the routes that were withdrawn in the pause
    before = world.recording[0]
    stale = dataclasses.replace(before, run=RUN, time=before.time - 90_000, hi=before.hi ^ np.uint64(1 << 40))
    early = Dispatch(RUN, "rislive", RUN.signals).beat(TABLE - 86_400)
    after = rows([*topics.split(stale, 8), *early, *outlet.frames])
    assert {key: cell for key, cell in after.items() if key[1] >= TABLE and cell[0]} == {
        key: cell for key, cell in whole.items() if cell[0]
    }


@pytest.mark.sockets
def test_the_client_of_ris_live_begins_with_the_tables_of_its_collectors(world, tmp_path):
    server, outlet = ArchiveServer(world.files), Outlet()

    async def story() -> None:
        async with server.running() as url, RisLiveLookalike(world.messages.splitlines(), speed=100.0) as live:
            access = Access(live.url, cache=tmp_path, archive=url)
            client = CLIENTS["rislive"].make(Scope(), access, Clock(start=LIVE, speed=100.0))
            await until(lambda: outlet.reached() >= END_OF_FILES - 60, client, outlet)

    asyncio.run(story())
    found, until_then = rows(outlet.frames), outlet.reached() // 300 * 300
    assert found == {key: cell for key, cell in rows(recorded(world.recording)).items() if key[1] + 300 <= until_then}
    assert {key[1] for key in found} >= {END_OF_FILES - 600}


@pytest.mark.sockets
def test_after_a_break_ris_live_is_dead_until_its_archive_has_filled_the_gap(world, tmp_path):
    server, outlet = ArchiveServer(world.files), Outlet()

    async def story() -> list[tuple[int, str, str]]:
        async with server.running() as url, RisLiveLookalike(world.messages.splitlines(), speed=60.0) as live:
            access = Access(live.url, cache=tmp_path, archive=url)
            client = CLIENTS["rislive"].make(Scope(), access, Clock(start=LIVE, speed=60.0))
            await until(lambda: outlet.reached() > LIVE + 60 and outlet.beats[-1][1] == UP, client, outlet)
            broken = len(outlet.beats)
            await live.kill()
            await asyncio.sleep(0.5)
            await live.revive()
            await until(lambda: outlet.beats[broken:] and outlet.beats[-1][1] == UP, client, outlet)
            return outlet.beats[broken - 1 :]

    (reached, *_), *missed, (back, *_) = asyncio.run(story())
    assert {reason for *_, reason in missed} == {"what was missed in the break is being fetched from the archives"}
    assert max(time for time, *_ in missed) <= reached + 60
    assert back > reached + 5

    def between(batches: Iterable) -> set[tuple]:
        return {
            (
                batch.peers[batch.peer[row]],
                *(int(getattr(batch, name)[row]) for name in ("time", "kind", "hi", "length")),
            )
            for batch in batches
            if isinstance(batch, Elements)
            for row in np.flatnonzero((batch.time > reached) & (batch.time < back) & (batch.kind <= RIB))
        }

    assert between(outlet.frames) == between(world.recording) != set()


@pytest.mark.sockets
def test_a_start_that_is_killed_in_the_middle_of_a_download_goes_on_there(world, tmp_path):
    broken = path("rrc24", "bview", TABLE)
    server = ArchiveServer(world.files, {broken: ["half"]})
    with pytest.raises(KilledError):
        watched(world, server, tmp_path, kill="rrc24.bview")
    asked = len(server.asked)
    assert rows(watched(world, server, tmp_path).frames) == rows(recorded(world.recording))
    again = dict(server.asked[asked:])
    assert path("rrc00", "bview", TABLE) not in again
    assert again[broken] == f"bytes={len(world.files[broken]) // 2}-"


@pytest.mark.sockets
def test_an_archive_that_is_late_makes_the_feed_dead_until_it_goes_on(world, tmp_path):
    server, outlet = ArchiveServer(world.files, {path("rrc25", "updates", END_OF_FILES - 600): [404] * 18}), Outlet()

    async def story() -> None:
        async with server.running() as url:
            await until(outlet.is_over, spliced(Radio(world.messages), tmp_path, url), outlet)

    asyncio.run(story())
    assert ("dead", "it waits for files of the archives, which are late") in {said[1:] for said in outlet.beats}
    assert outlet.beats[-1][1] == "up"
    assert outlet.routes() == sum(map(len, world.recording))


@pytest.mark.sockets
def test_a_break_while_the_tables_are_read_is_a_gap_and_does_not_begin_them_anew(world, tmp_path):
    server, outlet = ArchiveServer(world.files), Outlet()
    radio = Radio(world.messages)
    radio.failure, radio.patient = FeedError("RIS Live closed the connection"), False

    async def story() -> None:
        async with server.running() as url:
            await until(lambda: outlet.is_over() and not radio.gaps, spliced(radio, tmp_path, url), outlet)

    asyncio.run(story())
    asked = [name for name, _ in server.asked]
    assert len(asked) == len(set(asked))
    (broken,) = [beat for beat in outlet.beats if beat[2] == "RIS Live closed the connection"]
    assert END_OF_FILES - 240 < broken[0] < END_OF_FILES - 120
    assert [time for time, *_ in outlet.beats] == sorted(time for time, *_ in outlet.beats)
    assert outlet.routes() >= sum(map(len, world.recording))


@pytest.mark.sockets
def test_after_a_break_it_goes_on_without_tables_and_fills_the_gap(world, tmp_path):
    server, outlet = ArchiveServer(world.files), Outlet()
    radio = Radio(world.messages)
    radio.failure = FeedError("RIS Live closed the connection.")

    async def story() -> int:
        async with server.running() as url:
            client = spliced(radio, tmp_path, url)
            with pytest.raises(FeedError, match="closed the connection"):
                await until(outlet.is_over, client, outlet)
            asked = len(server.asked)
            await until(lambda: not radio.gaps, client, outlet)
            return asked

    asked = asyncio.run(story())
    assert {*server.asked[asked:]} <= {(path(name, "updates", END_OF_FILES - 300), "") for name in COLLECTORS}
    whole = sum(map(len, world.recording))
    again = sum(int(((b.time >= END_OF_FILES - 240) & (b.time < END_OF_FILES - 60)).sum()) for b in world.recording)
    assert whole < outlet.routes() <= whole + again


@pytest.mark.sockets
def test_what_the_live_feed_did_not_hear_is_filled_from_the_archive(world, tmp_path):
    server = ArchiveServer(world.files)

    async def story() -> list[Elements]:
        async with server.running() as url:
            tables = spliced(Radio(b""), tmp_path, url).tables
            return [item async for _, item in tables.between(LIVE - 500, LIVE)]

    found = asyncio.run(story())
    wanted = [batch.take((batch.time >= LIVE - 500) & (batch.time < LIVE)) for batch in world.recording]
    assert sum(map(len, found)) == sum(map(len, wanted)) > 1000
    starts = [int(batch.time.min()) for batch in found]
    assert starts == sorted(starts)
    assert {peer.collector for batch in found for peer in batch.peers} == {*COLLECTORS}


@pytest.mark.sockets
def test_nothing_is_read_of_a_gap_while_the_archive_lacks_a_part_of_it(world, tmp_path):
    files = dict(world.files)
    del files[path("rrc25", "updates", END_OF_FILES - 300)]

    async def story() -> list[Elements]:
        found: list[Elements] = []
        async with ArchiveServer(files).running() as url:
            downloads = Downloads(tmp_path, Clock(start=END_OF_FILES + 3000, speed=200.0), pause=0.0)
            tables = Tables("rislive", downloads, COLLECTORS, archive=RIS._replace(url=url))
            with pytest.raises(FeedError, match=r"has no rrc25\.updates"):
                found += [item async for _, item in tables.between(END_OF_FILES - 500, END_OF_FILES)]
        return found

    assert asyncio.run(story()) == []


@pytest.mark.sockets
def test_a_start_that_broke_off_is_dead_until_it_comes_further_than_before(world, tmp_path):
    outlet, server = Outlet(), ArchiveServer(world.files, {path("rrc00", "updates", FIRST + 300): [403]})

    async def story() -> int:
        async with server.running() as url:
            client = spliced(Radio(world.messages), tmp_path, url)
            with pytest.raises(FeedError, match="answers 403"):
                await until(outlet.is_over, client, outlet)
            before = len(outlet.beats)
            client.live.parts = Radio(world.messages).parts
            await until(outlet.is_over, client, outlet)
            return before

    before = asyncio.run(story())
    reached = outlet.beats[before - 1][0]
    assert TABLE <= reached < LIVE
    assert outlet.beats[before] == (reached, "dead", "its routing tables are being fetched")
    assert min(time for time, status, _ in outlet.beats[before:] if status == UP) > reached


@pytest.mark.sockets
def test_of_a_watched_country_only_its_prefixes_are_read_from_tables_and_updates(world, tmp_path):
    narrowed, again = (Narrowed(PLACES.of_countries(["PK"]), RULES) for _ in range(2))

    async def story() -> list[Elements]:
        async with ArchiveServer(world.files).running() as url:
            tables = spliced(Radio(b""), tmp_path, url).tables
            tables.narrowed = narrowed
            return [item async for _, item in tables.until(LIVE)]

    found = asyncio.run(story())
    again.families = narrowed.families
    assert 0 < sum(map(len, narrowed.families.values())) < len(narrowed.families)  # some peers are full-feed
    wanted = [again.keep(batch.take(batch.time < LIVE)) for batch in world.recording]
    counts = [sum(int((batch.kind == kind).sum()) for batch in wanted) for kind in (ANNOUNCE, RIB)]
    assert counts == [sum(int((batch.kind == kind).sum()) for batch in found) for kind in (ANNOUNCE, RIB)]
    assert min(counts) > 100


@pytest.mark.sockets
def test_an_archive_without_tables_is_said_in_a_sentence(world, tmp_path):
    with pytest.raises(FeedError, match=r"^the archive has no table of rrc00 of the last 24 hours$"):
        watched(world, ArchiveServer(), tmp_path)


@pytest.mark.sockets
def test_files_of_a_past_window_come_whole_and_those_that_are_missing_are_named(world, tmp_path):
    files = dict(world.files)
    gone = path("rrc00", "updates", FIRST + 300)
    del files[gone]
    server = ArchiveServer(files)

    async def story() -> list[str]:
        async with server.running() as url:
            archive, clock = RIS._replace(url=url), Clock(speed=10_000.0)
            return await fetch_mrt(FIRST + 310, FIRST + 620, ["rrc00"], tmp_path, clock, archive=lambda _: archive)

    assert asyncio.run(story()) == [f"rrc00.{Path(gone).name}"]
    names = sorted(file.name for file in tmp_path.iterdir() if file.suffix == ".gz")
    assert names == ["rrc00.bview.20130101.0000.gz"] + [
        f"rrc00.{Path(path('', 'updates', time)).name}"
        for time in range(TABLE, FIRST + 620, 300)
        if time != FIRST + 300
    ]
    (recording,) = recordings([tmp_path])
    given = [item for item in recording.items if isinstance(item, Elements)]
    assert (recording.feed, {peer.collector for batch in given for peer in batch.peers} - {""}) == ("mrt", {"rrc00"})
    assert min(int(batch.time.min()) for batch in given) == TABLE
