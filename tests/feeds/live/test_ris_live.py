"""The client of RIS Live against a look-alike: what is sent comes through, and a fault is noticed within seconds."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.errors import DecodeError
from pipeline.feeds.base import Item
from pipeline.feeds.live.base import Access, Clock, FeedError, Scope
from pipeline.feeds.live.registry import CLIENTS
from pipeline.feeds.live.ris_live import Listening, RisLive
from pipeline.records import DEAD, STATE, UP, Elements
from tests.lookalikes.ris_live import SLOW, RisLiveLookalike, load

pytestmark = pytest.mark.sockets

START = 1_700_000_000
RULES = Listening(collectors=("rrc00",), silence=0.5, span=0.1, grace=0, step=1)


def line(time: float, prefix: str = "198.51.100.0/24", host: str = "rrc00", **more: object) -> bytes:
    given = {"timestamp": time, "peer": "192.0.2.1", "peer_asn": "64496", "host": host, "type": "UPDATE",
             "path": [64496, 64497], "announcements": [{"next_hop": "192.0.2.1", "prefixes": [prefix]}]}  # fmt: skip
    return json.dumps({"type": "ris_message", "data": given | more}).encode()


def stream(seconds: float, each: int) -> list[bytes]:
    """Messages with prefixes of their own, so many a second."""
    return [line(START + i / each, f"10.{i >> 8}.{i & 255}.0/24") for i in range(int(seconds * each))]


class Kept:
    """An outlet that keeps what it gets."""

    def __init__(self, wait: float = 0.0) -> None:
        self.wait = wait
        self.rows: list[Elements] = []
        self.damage: list[DecodeError] = []
        self.beats: list[tuple[int, str, str]] = []

    async def put(self, items: Iterable[Item]) -> None:
        await asyncio.sleep(self.wait)
        for item in items:
            (self.damage if isinstance(item, DecodeError) else self.rows).append(item)

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        self.beats.append((time, status, reason))

    @property
    def places(self) -> list[int]:
        """The numbers of the `stream`'s messages."""
        return [int(hi >> np.uint64(40)) & 0xFFFF for batch in self.rows for hi in batch.hi]


def made(
    server: RisLiveLookalike, rules: Listening = RULES, archive: str = "http://127.0.0.1:1", **clock: float
) -> RisLive:
    return RisLive(
        Scope(),
        Access(server.url, archive=archive),
        Clock(**{"start": START, "speed": server.speed or 1.0} | clock),
        rules,
    )


async def until(true: Callable[[], object], patience: float = 5.0) -> None:
    async with asyncio.timeout(patience):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(client: RisLive, outlet: Kept):
    """The client at work, and the reasons why it was called again, as ingest does."""
    reasons: list[str] = []

    async def supervise() -> None:
        while True:
            try:
                await client.listen(outlet)
            except FeedError as error:
                reasons.append(str(error))
            await asyncio.sleep(0.05)

    task = asyncio.create_task(supervise())
    try:
        yield reasons
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_all_messages_of_bursts_come_through_and_what_is_broken_is_counted_alone():
    good, noise = stream(3.0, 2000), [
        b'{"type":"pong","data":null}', b'{"type":"ris_error","data":{"message":"sorry"}}', b"You are too slow",
        b'{"type":"ris_message","data":{"timestamp":1', b"\xff\xfe", line(START + 1, "10.0.0/8"),
    ]  # fmt: skip
    lines = [text for i, one in enumerate(good) for text in ([one, noise[i // 100 % 6]] if i % 100 == 50 else [one])]

    lines.insert(1000, b'{"pad":"' + b"x" * 5 * 2**20 + b'"}')

    async def run() -> Kept:
        outlet = Kept()
        async with RisLiveLookalike(lines, speed=2.0, tick=0.5) as server:
            with pytest.raises(FeedError, match="no routes for 3 s"):
                await made(server, Listening(("rrc00",), silence=3.0, span=0.1)).listen(outlet)
        return outlet

    outlet = asyncio.run(run())
    assert outlet.places == list(range(6000))
    wrong = {"server-error": 10, "bad-json": 30, "bad-prefix": 10, "too-large": 1}
    assert Counter(error.reason for error in outlet.damage) == wrong
    assert {error.detail for error in outlet.damage if error.reason == "server-error"} == {'{"message":"sorry"}'}
    assert any("You are too slow" in error.detail for error in outlet.damage)
    assert all(error.place.startswith("message ") for error in outlet.damage)


def test_a_slow_outlet_holds_the_server_back_and_loses_nothing():
    async def run() -> Kept:
        outlet = Kept(wait=0.05)
        rules = Listening(("rrc00",), silence=60.0, span=0.1, most=1000)
        server = RisLiveLookalike(stream(20.0, 1000), speed=0)
        async with server, listening(made(server, rules), outlet) as reasons:
            await until(lambda: sum(map(len, outlet.rows)) >= 20_000, patience=60.0)
        assert not reasons
        return outlet

    outlet = asyncio.run(run())
    assert outlet.places == list(range(20_000))
    assert max(map(len, outlet.rows)) <= 1000


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("close", "closed the connection"), ("cut", "closed the connection"), ("stall", "sent no routes"),
     ("half_open", "sent no routes")],
)  # fmt: skip
def test_a_connection_that_is_of_no_use_is_replaced_within_seconds_and_its_gap_is_known(fault, reason):
    faults = {"cut": lambda server: server.close(abruptly=True)}

    async def run() -> tuple[Kept, RisLive, list[str]]:
        outlet = Kept()
        async with RisLiveLookalike(stream(120.0, 20), speed=10.0) as server:
            client = made(server)
            async with listening(client, outlet) as reasons:
                await until(lambda: outlet.rows)
                faults.get(fault, lambda server: getattr(server, fault)())(server)
                await until(lambda: client.gaps)
                await asyncio.sleep(0.3)
        return outlet, client, reasons

    outlet, client, (told, *_) = asyncio.run(run())
    assert told.startswith(f"RIS Live {reason}")
    ((begin, end),) = client.gaps
    got = set(outlet.places)
    assert set(range(min(got), max(got))) - got <= set(range((begin - START) * 20, (end - START + 1) * 20))
    assert end - begin < 40  # of the stream, ten times as fast as the clock of the machine


@pytest.mark.parametrize("brief", [5, 1000])
def test_after_a_break_the_feed_is_dead_until_what_was_missed_is_there_unless_it_was_brief(brief):
    rules = Listening(("rrc00",), silence=0.5, span=0.1, grace=0, step=1, brief=brief)

    async def run() -> tuple[list[tuple[int, str, str]], list[tuple[int, int]], int]:
        outlet = Kept()
        async with RisLiveLookalike(stream(120.0, 20), speed=10.0) as server:
            client = made(server, rules)
            async with listening(client, outlet):
                await until(lambda: outlet.beats)
                await server.kill()
                await asyncio.sleep(1.0)
                await server.revive()
                await until(lambda: client.gaps)
                await asyncio.sleep(0.5)
                fetched, gaps = len(outlet.beats), list(client.gaps)
                client.gaps.clear()
                await until(lambda: outlet.beats[-1][0] > gaps[0][1])
        return outlet.beats, gaps, fetched

    beats, ((begin, end),), fetched = asyncio.run(run())
    assert [time for time, *_ in beats] == sorted(time for time, *_ in beats)
    assert beats[-1][1:] == (UP, "")
    assert end - begin > 5
    if brief > end - begin:
        assert {status for _, status, _ in beats} == {UP}
    else:
        dead = [beat for beat in beats[:fetched] if beat[1] == DEAD]
        assert {reason for _, _, reason in dead} == {"what was missed in the break is being fetched from the archives"}
        assert max(time for time, *_ in beats[:fetched]) <= begin


def test_without_an_archive_nothing_that_was_announced_before_a_break_holds_after_it():
    async def run() -> list[Elements]:
        outlet, server = Kept(), RisLiveLookalike(stream(120.0, 20), speed=10.0)
        async with server, listening(made(server, archive=""), outlet):
            await until(lambda: outlet.rows)
            await server.kill()
            await asyncio.sleep(1.0)
            before = len(outlet.rows)
            await server.revive()
            await until(lambda: len(outlet.rows) > before + 2)
        return outlet.rows

    rows = asyncio.run(run())
    ((at, down),) = [(i, batch) for i, batch in enumerate(rows) if (batch.kind == STATE).any()]
    assert [(peer.asn, int(state)) for peer, state in zip(down.peers, down.state, strict=True)] == [(64496, 1)]
    assert rows[at - 1].time.max() <= down.time[0] + 1
    assert rows[at - 1].time.max() + 5 < rows[at + 1].time.min()
    assert down.time[0] <= rows[at + 1].time.min()


def test_the_last_words_of_the_server_are_a_dead_letter_and_the_reason():
    async def run() -> tuple[Kept, list[str]]:
        outlet, server = Kept(), RisLiveLookalike(stream(120.0, 20), speed=10.0)
        async with server, listening(made(server), outlet) as reasons:
            await until(lambda: outlet.rows)
            server.garbage(SLOW)
            await until(lambda: outlet.damage)
            server.close()
            await until(lambda: reasons)
        return outlet, reasons

    outlet, reasons = asyncio.run(run())
    (notice,) = outlet.damage
    assert notice.reason == "server-error"
    assert "You are too slow" in notice.detail
    assert reasons == [f"RIS Live closed the connection (code 1000): {notice.detail}"]


def test_a_server_that_is_gone_for_a_while_is_found_again():
    async def run() -> list[str]:
        outlet = Kept()
        async with RisLiveLookalike(stream(120.0, 20), speed=10.0) as server:
            client = made(server)
            async with listening(client, outlet) as reasons:
                await until(lambda: outlet.rows)
                await server.kill()
                await until(lambda: len(reasons) >= 3)
                await server.revive()
                await until(lambda: client.gaps)
        return reasons

    assert asyncio.run(run())[1].startswith("RIS Live at 127.0.0.1 is not reached: Connection refused")


def test_each_collector_is_asked_for_everything_and_a_ping_is_sent():
    async def run() -> list[dict[str, object]]:
        rules = Listening(("rrc00", "rrc25"), silence=0.5, span=1.0)
        server = RisLiveLookalike(stream(60.0, 20), speed=10.0)
        async with server, listening(made(server, rules), Kept()):
            await until(lambda: len(server.asked) >= 3)
        return server.asked

    asked = asyncio.run(run())
    options = {"acknowledge": True}
    assert asked[:3] == [
        {"type": "ris_subscribe", "data": {"host": "rrc00", "socketOptions": options}},
        {"type": "ris_subscribe", "data": {"host": "rrc25", "socketOptions": options}},
        {"type": "ping", "data": None},
    ]


def test_a_heartbeat_has_the_time_of_the_messages_less_the_grace_and_never_goes_back():
    async def run() -> Kept:
        outlet = Kept()
        ahead = [line(START + 100_000.0)]
        async with RisLiveLookalike([*stream(30.0, 50), *ahead], speed=20.0) as server:
            with suppress(FeedError):
                await made(server, Listening(("rrc00",), silence=0.5, span=1.0, grace=5, step=2)).listen(outlet)
        return outlet

    beats = asyncio.run(run()).beats
    times = [time for time, _, _ in beats]
    assert times == sorted(times)
    assert not [time for time in times[:-1] if time % 2]
    assert START + 20 <= times[-2] <= START + 25
    assert times[-1] >= START + 29  # nothing comes any more, so that there is nothing to wait for
    assert {(status, reason) for _, status, reason in beats} == {(UP, "")}


def test_old_messages_are_kept_and_said_and_the_connection_is_replaced_once():
    async def run() -> tuple[Kept, list[str]]:
        outlet = Kept()
        async with RisLiveLookalike(stream(120.0, 20), speed=20.0) as server:
            client = made(server, start=START + 7200.0)
            async with listening(client, outlet) as reasons:
                await until(lambda: DEAD in {status for _, status, _ in outlet.beats}, patience=8.0)
        return outlet, reasons

    outlet, reasons = asyncio.run(run())
    assert reasons == ["the messages of RIS Live are 120 minutes old"]
    assert outlet.beats[-1][1:] == (DEAD, "the messages of RIS Live are 120 minutes old")
    assert outlet.rows


def test_a_refusal_is_told_without_the_address_and_with_its_pause():
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "7"})

    async def run() -> FeedError:
        app = web.Application()
        app.router.add_get("/", refuse)
        async with TestServer(app) as server:
            address = str(server.make_url("/").with_scheme("ws").with_query(token="secret"))
            with pytest.raises(FeedError) as raised:
                await RisLive(Scope(), Access(address), Clock(), RULES).listen(Kept())
        return raised.value

    error = asyncio.run(run())
    assert str(error) == "RIS Live at 127.0.0.1 refused the connection: HTTP status 429"
    assert error.after == 7


def test_real_messages_come_through_to_the_row(data):
    lines = load(data / "feeds/rislive/derived-from-mrt/rrcXX_20160811_1600_rendered.ndjson")

    async def run() -> Kept:
        outlet = Kept()
        async with RisLiveLookalike(lines, speed=0) as server:
            with pytest.raises(FeedError, match="no routes"):
                await made(server, Listening(("rrc00",), silence=1.0, late=float("inf")), start=1470931200.0).listen(
                    outlet
                )
        return outlet

    outlet = asyncio.run(run())
    assert (sum(map(len, outlet.rows)), outlet.damage) == (41_380, [])


def test_it_is_registered_and_keeps_no_past():
    client = CLIENTS["rislive"].make(Scope(), Access("ws://127.0.0.1:1"), Clock())

    async def run() -> list[Item]:
        return [item async for item in client.history(0, START)]

    assert asyncio.run(run()) == []
