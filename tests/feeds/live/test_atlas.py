"""The client of RIPE Atlas beside a look-alike: its list, its past, its stream, and what goes wrong with them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pipeline.feeds.base import Item
from pipeline.feeds.live.atlas import Atlas, Rules
from pipeline.feeds.live.base import Access, Clock, FeedError, Scope
from pipeline.ingest.outlet import Desk
from pipeline.records import Probe, Rows, Run
from tests.ingest.scripted import Sink
from tests.lookalikes.atlas import AtlasLookalike

pytestmark = pytest.mark.sockets

START, DAY = 1_707_350_400, 86_400
SPEED = 100.0


def listed(number: int, country: str = "PK", status: int = 1) -> dict[str, Any]:
    return {
        "id": number, "asn_v4": 17557, "asn_v6": None, "country_code": country, "prefix_v4": "39.32.0.0/11",
        "prefix_v6": None, "status": {"id": status, "name": "", "since": "2024-01-01T00:00:00Z"},
    }  # fmt: skip


def event(number: int, what: str, time: int, **more: object) -> dict[str, object]:
    return {
        "asn": "17557", "controller": "ctr-ams01", "event": what, "prb_id": number, "prefix": "39.32.0.0/11",
        "timestamp": time, "type": "connection", **more,
    }  # fmt: skip


def told(*items: Item) -> list[tuple[int, int, bool]]:
    """Time, probe and whether it is connected, of each row."""
    return [
        (time, Probe.of(item.entities[at]).number, value > 0)
        for item in items if isinstance(item, Rows)
        for time, at, value in zip(item.time.tolist(), item.entity.tolist(), item.value.tolist(), strict=True)
    ]  # fmt: skip


def client(url: str, rules: Rules | None = None, countries: tuple[str, ...] = ("PK",)) -> Atlas:
    return Atlas(Scope(countries), Access(url), Clock(float(START), SPEED), rules)


async def past(atlas: Atlas, days: int = 3) -> list[Item]:
    return [item async for item in atlas.history(START - days * DAY, START)]


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.005)


def test_the_past_begins_with_what_was_connected_then_by_the_first_event_of_each_probe_or_as_it_is_now():
    gone, back = START - 2 * DAY + 7, START - DAY + 9
    server = AtlasLookalike(
        [listed(1), listed(2), listed(3, status=2), listed(4, status=2), listed(5), listed(9, "IN")],
        [event(2, "connect", back), event(3, "disconnect", gone), event(5, "disconnect", gone),
         event(5, "connect", back), event(9, "disconnect", back)],
    )  # fmt: skip

    async def story() -> list[Item]:
        async with server.running() as url:
            return await past(client(url))

    begin = START - 3 * DAY
    assert told(*asyncio.run(story())) == [
        (begin, 1, True), (begin, 2, False), (begin, 5, True), (begin, 3, True), (begin, 4, False),
        (gone, 3, False), (gone, 5, False), (back, 2, True), (back, 5, True),
    ]  # fmt: skip
    assert all("page_size=500" in asked or "probe_ids=1,2,5,3,4" in asked for asked in server.asked)
    assert len([asked for asked in server.asked if "7000" in asked]) == 3


def test_the_list_alone_is_enough_where_the_past_is_not_given():
    server = AtlasLookalike([listed(number) for number in range(6)], broken=("past",))

    async def story() -> list[Item]:
        async with server.running() as url:
            return await past(client(url))

    assert told(*asyncio.run(story())) == [(START - 1, number, True) for number in range(6)]


def followed(server: AtlasLookalike, script: Callable[[Desk, Atlas], Awaitable[None]], rules: Rules | None = None):
    """The sink, and the failures, of a client that listens again and again until the script is over."""
    sink, failures = Sink(), list[str]()

    async def story() -> None:
        async with server.running() as url:
            atlas = client(url, rules)
            desk = Desk(
                "atlas", Run("live", "live", ("atlas.connected",), START), ("atlas.connected",), sink, atlas.clock
            )

            async def listen() -> None:
                while True:
                    try:
                        await atlas.listen(desk)
                    except FeedError as error:
                        failures.append(str(error))
                        await asyncio.sleep(0.01)

            listening = asyncio.create_task(listen())
            try:
                async with asyncio.timeout(20):
                    await script(desk, atlas)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(story())
    return sink, failures


def test_after_a_closed_connection_it_subscribes_again_and_sends_what_is_another_than_before():
    server = AtlasLookalike([listed(1), listed(2), listed(3, status=2)])

    async def script(desk: Desk, atlas: Atlas) -> None:
        await server.heard(1)
        now = int(atlas.clock.now())
        await server.send(["atlas_probestatus", event(9, "connect", now, probe=listed(9, "IN"))])
        await until(lambda: desk.read == 3)
        now = int(atlas.clock.now())
        await server.send(["atlas_probestatus", event(2, "disconnect", now)])
        await server.send(
            "<html>", ["atlas_error", "x"], ["atlas_probestatus", event(8, "connect", now, probe=listed(8))]
        )
        await server.send(["atlas_probestatus", event(9, "connect", now, probe=listed(9, "IN"))])
        await until(lambda: desk.read == 5 and desk.dead == 2)
        server.probes = [listed(1, status=2), listed(2, status=2), listed(3, status=2), listed(8)]
        await server.close()
        await server.heard(2)
        await server.send(["atlas_probestatus", event(9, "connect", now, probe=listed(9, "IN"))])
        await until(lambda: desk.read == 6)
        await server.send(["atlas_probestatus", event(1, "connect", int(atlas.clock.now()))])
        await until(lambda: desk.read == 7)

    sink, failures = followed(server, script)
    assert [(number, up) for _, number, up in told(*sink.batches("atlas"))] == [
        (1, True), (2, True), (3, False), (2, False), (8, True), (1, False), (1, True),
    ]  # fmt: skip
    assert {entity.country for rows in sink.batches("atlas") for entity in rows.entities} == {"PK"}  # type: ignore[union-attr]
    assert [letter.reason for letter in sink.letters("atlas")] == ["bad-json", "server-error"]
    assert failures[0].startswith("RIPE Atlas closed the connection (code 1001)")


def test_a_stream_without_events_is_left_and_says_so_and_never_looked_well():
    server = AtlasLookalike([listed(1)])

    async def script(desk: Desk, atlas: Atlas) -> None:
        await server.heard(2)

    sink, failures = followed(server, script, Rules(silence=90.0))
    assert failures == ["RIPE Atlas sent no new events for 90 s"]
    assert {(beat.status, beat.reason) for beat in sink.beats("atlas")} == {("dead", failures[0])}


@pytest.mark.parametrize(
    ("probes", "said"),
    [([], "127.0.0.1 has no probes of what is watched"), ([listed(1) | {"id": "x"}], "the probe list of")],
)
def test_a_list_that_is_of_no_use_is_said(probes: list[dict[str, Any]], said: str):
    server = AtlasLookalike(probes)

    async def story() -> None:
        async with server.running() as url:
            await past(client(url))

    with pytest.raises(FeedError, match=said):
        asyncio.run(story())


def test_without_a_network_it_says_so():
    async def story() -> None:
        atlas = client("http://127.0.0.1:9/api/v2")
        await atlas.listen(Desk("atlas", Run(), (), Sink(), atlas.clock))

    with pytest.raises(FeedError, match="is not reached: "):
        asyncio.run(story())
