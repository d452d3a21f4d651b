"""RIPE Atlas: the list of probes, what they did in the past, and the stream of those that connect and disconnect."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import msgspec

from pipeline.bins import DAY, NEVER
from pipeline.errors import DecodeError, printable
from pipeline.feeds.atlas import NAME, Event, Listed, events, page, parse, rows
from pipeline.feeds.base import Item
from pipeline.feeds.live.base import HEARTBEAT, Access, Clock, FeedError, Outlet, Scope
from pipeline.feeds.live.http import Http, cause, retry_after
from pipeline.records import DEAD, Probe

API = "https://atlas.ripe.net/api/v2"
STREAM = "wss://atlas-stream.ripe.net/stream/?client=netvigil"

CONNECTIONS = "/measurements/7000/results/"  # the past of the stream

SUBSCRIBE = ["atlas_subscribe", {"streamType": "probestatus", "enrichProbes": True}]

FIELDS = "id,asn_v4,asn_v6,country_code,prefix_v4,prefix_v6,status"
STATES = ("1", "2")  # connected, disconnected; what is abandoned is left out
PROBES = 300  # probes that are named in one request [-]


@dataclass(frozen=True)
class Rules:
    """How the stream is followed."""

    silence: float = 300.0
    """Of all probes of the world some leave or come every minute: without any for so long the stream is dead [s of the
    clock]."""

    grace: float = 60.0
    """How much later than others an event may come [s]."""

    span: float = 1.0
    """What has come in so long is sent together [s of the clock]."""

    wait: float = 30.0
    """Longest wait for a connection or a pong [s of the machine]."""


class Atlas:
    """The client of RIPE Atlas.  ``state``: the newest event of each probe that is watched, as it was sent.

    ``back``: when the stream was last begun [s]; no heartbeat of it is earlier, since what was missed up to then
    is known from then on.
    """

    feed = NAME
    patience = 900.0

    def __init__(self, scope: Scope, access: Access, clock: Clock, rules: Rules | None = None) -> None:
        self.scope, self.clock, self.rules = scope, clock, rules or Rules()
        self.http = Http(access, clock, pace=0.5)
        place = urlsplit(access.url)
        scheme = "wss" if place.scheme == "https" else "ws"
        self.stream = STREAM if access.url == API else f"{scheme}://{place.netloc}/stream/?client=netvigil"
        self.probes: dict[int, Probe] = {}
        self.state: dict[int, Event] = {}
        self.newest = self.back = NEVER
        self.beaten = float("-inf")

    async def history(self, start: int, end: int) -> AsyncIterator[Item]:
        """What was connected at ``start``, and the events since.

        A probe was what its first event says that it was no more, and without an event what it is now.
        """
        async with self.http:
            listed = await self._list()
            past: list[Event] = []
            try:
                for begin in range(start, end, DAY):
                    for item in await self._past(begin, min(begin + DAY, end)):
                        if isinstance(item, DecodeError):
                            yield item
                        elif begin <= item.time < end:
                            past += self._watched(item)
            except FeedError:
                past = []  # the past is of use, but not needed
        past.sort(key=lambda event: event.time)
        was = {probe.id: probe.is_connected for probe in listed}
        was |= {event.probe.number: not event.connected for event in reversed(past)}
        began = [Event(start, probe, was[number]) for number, probe in self.probes.items() if number in was]
        told = [*began, *past] if past else [msgspec.structs.replace(event, time=end - 1) for event in began]
        for day in range(start // DAY, end // DAY + 1):
            if some := [event for event in told if event.time // DAY == day]:
                yield self._rows(some)

    async def _list(self) -> list[Listed]:
        """The probes that are watched, and their state."""
        found: list[Listed] = []
        query = {"fields": FIELDS, "sort": "id", "page_size": "500"}
        if self.scope.countries:
            query["country_code__in"] = ",".join(self.scope.countries)
        for status in STATES:
            number, more = 1, True
            while more:
                body = await self.http.get("/probes/", query | {"status": status, "page": str(number)})
                try:
                    one = page(body or b"")
                except DecodeError as error:
                    raise FeedError(f"the probe list of {self.http.host} is of no use: {error.detail}") from None
                found += [probe for probe in one.results if self._is_ours(probe.probe.country)]
                number, more = number + 1, one.next is not None
        if not found:
            raise FeedError(f"{self.http.host} has no probes of what is watched")
        for probe in found:
            controller = self.probes[probe.id].controller if probe.id in self.probes else ""
            self.probes[probe.id] = probe.probe._replace(controller=controller)
        return found

    def _is_ours(self, country: str) -> bool:
        return not self.scope.countries or country in self.scope.countries

    async def _past(self, start: int, end: int) -> list[Event | DecodeError]:
        """What the probes did in ``[start, end)`` [s]."""
        query = {"start": str(start), "stop": str(end - 1), "format": "json"}
        lists: list[dict[str, str]] = [{}]
        if self.scope.countries:
            names = [str(number) for number in self.probes]
            lists = [{"probe_ids": ",".join(names[i : i + PROBES])} for i in range(0, len(names), PROBES)]
        return [item for some in lists for item in events(await self.http.get(CONNECTIONS, query | some) or b"")]

    def _watched(self, event: Event) -> Iterable[Event]:
        """The event with what is known of its probe; none where it is not watched."""
        listed = self.probes.get(event.probe.number)
        country = event.probe.country or (listed.country if listed else "")
        if self._is_ours(country):
            probe = event.probe._replace(country=country, asn=event.probe.asn or (listed.asn if listed else 0))
            yield msgspec.structs.replace(event, probe=probe)

    def _rows(self, told: list[Event]) -> Item:
        """The events as rows; they are known from now on."""
        for event in told:
            self.probes[event.probe.number] = event.probe
            if event.time >= self.state.get(event.probe.number, event).time:
                self.state[event.probe.number] = event
            self.newest = max(self.newest, event.time)
        return rows(told)

    async def listen(self, outlet: Outlet) -> None:
        host, wait = urlsplit(self.stream).hostname, self.rules.wait
        try:
            async with aiohttp.ClientSession() as session, self.http:
                async with asyncio.timeout(wait):
                    socket = await session.ws_connect(self.stream, heartbeat=wait)
                async with socket:
                    await socket.send_json(SUBSCRIBE)
                    await self._relay(socket, outlet)
        except TimeoutError:
            raise FeedError(f"RIPE Atlas at {host} did not answer within {wait:g} s") from None
        except aiohttp.WSServerHandshakeError as error:
            after = retry_after(error.headers or {}, self.clock.now())
            raise FeedError(f"RIPE Atlas at {host} refused the connection: HTTP status {error.status}", after) from None
        except (aiohttp.ClientError, OSError) as error:
            raise FeedError(f"RIPE Atlas at {host} is not reached: {cause(error)}") from None

    async def _resume(self, outlet: Outlet) -> None:
        """Put the probes whose state is another one than was sent: what was missed is known from now on."""
        listed, now = await self._list(), int(self.clock.now())
        told = [
            Event(now, self.probes[probe.id], probe.is_connected)
            for probe in listed
            if probe.id not in self.state or self.state[probe.id].connected != probe.is_connected
        ]
        if told:
            await outlet.put([self._rows(told)])
        self.newest, self.back = max(self.newest, now), now

    async def _relay(self, socket: aiohttp.ClientWebSocketResponse[bool], outlet: Outlet) -> None:
        """Put what the stream brings; FeedError when it is of no use any more.

        Its first event shows that it is well: only then the probes are listed, and heartbeats begin.
        """
        rules, heard, number, said = self.rules, self.clock.now(), 0, ""
        is_live = is_known = False
        while True:
            items: list[Item] = []
            told: list[Event] = []
            until = self.clock.now() + rules.span
            while (rest := until - self.clock.now()) > 0 and not socket.closed:
                try:
                    message = await socket.receive(timeout=rest / self.clock.speed)
                except TimeoutError:
                    break
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    break
                number += 1
                text = message.data.encode() if isinstance(message.data, str) else message.data
                try:
                    event = parse(text)
                except DecodeError as error:
                    items.append(DecodeError(NAME, error.reason, f"message {number:,}", error.detail))
                    said = f": {printable(error.detail)}" if error.reason == "server-error" else said
                    continue
                if event is not None:
                    now = self.clock.now()
                    if event.time > now - self.patience:
                        heard, is_live = now, True
                    self.newest = max(self.newest, min(event.time, int(now)))
                    told += self._watched(event)
            if is_live and not is_known:
                await self._resume(outlet)
                is_known = True
            if told:
                items.append(self._rows(told))
            if items:
                await outlet.put(items)
            if is_known:
                await self._beat(outlet)
            if socket.closed:
                raise FeedError(f"RIPE Atlas closed the connection (code {socket.close_code}){said}")
            if self.clock.now() > heard + rules.silence:
                reason = f"RIPE Atlas sent no new events for {rules.silence:g} s{said}"
                await outlet.beat(self.reached, DEAD, reason)  # at once: another connection may be as mute
                raise FeedError(reason)

    async def _beat(self, outlet: Outlet) -> None:
        if (now := self.clock.now()) > self.beaten + HEARTBEAT / 2:
            self.beaten = now
            await outlet.beat(self.reached)

    @property
    def reached(self) -> int:
        """The event time that is complete [s]."""
        return max(self.back, int(self.newest - self.rules.grace))
