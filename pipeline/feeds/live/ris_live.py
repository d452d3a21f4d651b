"""RIS Live over its WebSocket: all messages of whole collectors, as they come.

The server never filters them, also where only some countries are watched (`Narrowed` keeps what these need): a silence
of seconds is a fault then, time moves on where the watched countries are quiet, and less specific prefixes that cover
theirs come, too.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import numpy as np

from pipeline.bins import NEVER
from pipeline.errors import DecodeError, printable
from pipeline.feeds import ris_live
from pipeline.feeds.base import Item, sessions_down
from pipeline.feeds.live.base import HEARTBEAT, Access, Clock, FeedError, Outlet, Scope
from pipeline.feeds.live.http import cause, retry_after
from pipeline.records import DEAD, UP, Elements, Peer

LARGEST = 64 * 2**20
"""A longer message ends the connection [bytes]; one that is shorter, and too long for a route, is a dead letter."""

MISSED = "what was missed in the break is being fetched from the archives"


@dataclass(frozen=True)
class Listening:
    """What is asked of RIS Live, and when its connection is given up."""

    collectors: tuple[str, ...] = ("rrc00", "rrc24", "rrc25")
    """The multihop collectors: their peers are all over the world and send full tables, the only ones that count.
    Most peers of the others, at exchange points, send a part of theirs."""

    silence: float = 10.0
    """A connection without a route for this long is closed [s of the machine]: collectors send many every second."""

    late: float = 180.0
    """Messages older than this are late [s of the clock]: the connection is closed, which usually cures it."""

    between: float = 600.0
    """Shortest time between two closings because messages are late [s of the clock]: each makes a gap."""

    grace: int = 30
    """How far the event time of the feed is behind its newest messages [s], so that slower peers are in time."""

    step: int = 30
    """Event times of heartbeats are multiples of this [s]: each one is dozens of messages, and bins end at such."""

    span: float = 2.0
    """Longest time that messages wait for others [s of the clock]: a frame costs the same whatever its size."""

    brief: int = 5
    """A gap up to so long stays observed [s]: routes that go away take half a minute to be withdrawn by all peers, so
    little of it is missed.  A longer one can hold all of an outage."""

    most: int = 20_000
    """Messages after which none are waited for [-].  Twice as many are in memory at most."""


class Inflow:
    """The messages of a connection since they were last taken; its socket is not read while ``most`` are here."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool], most: int) -> None:
        self.socket, self.most = socket, most
        self.messages: list[bytes] = []
        self.due, self.room = asyncio.Event(), asyncio.Event()

    async def fill(self) -> None:
        """Read until the connection ends."""
        try:
            async for message in self.socket:
                if not isinstance(message.data, bytes):  # an error of the library
                    break
                self.messages.append(message.data)
                if len(self.messages) >= self.most or len(message.data) > ris_live.LARGEST:
                    self.due.set()
                    await self.room.wait()
        finally:
            self.due.set()

    async def take(self, patience: float) -> list[bytes]:
        """All messages, as soon as there are many, or after ``patience`` [s]."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.due.wait(), patience)
        taken, self.messages = self.messages, []
        self.due.clear()
        self.room.set()
        self.room = asyncio.Event()
        return taken


class RisLive:
    """The client.

    ``gaps``: event times ``(from, to)`` [s] between the last message before a break and the first after it; RIS Live
    does not repeat what was sent meanwhile, the archives have it.  A gap that is filled from them is taken out; until
    then the feed is dead, unless it was `Listening.brief`.  Without an archive all sessions begin anew instead, so that
    nothing is known of a peer's routes until it announces them.  ``back``: the end of the last gap [s].  No heartbeat
    after a gap is earlier, since what was up to then is not observed.
    """

    feed = ris_live.NAME
    patience = 900.0

    def __init__(self, scope: Scope, access: Access, clock: Clock, listening: Listening = Listening()) -> None:
        self.scope, self.access, self.clock, self.rules = scope, access, clock, listening
        self.gaps: list[tuple[int, int]] = []
        self.newest = self.back = NEVER
        self.beaten, self.beaten_at = NEVER, float("-inf")
        self.closed_at = float("-inf")
        self.peers: dict[Peer, None] = {}

    async def history(self, start: int, end: int) -> AsyncIterator[Item]:
        """Nothing: RIS Live keeps no past."""
        return
        yield

    async def listen(self, outlet: Outlet) -> None:
        async with aiohttp.ClientSession() as session, await self._connected(session) as socket:
            await self._relay(socket, outlet)

    async def _connected(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse[bool]:
        """A connection with its subscriptions."""
        host, rules = urlsplit(self.access.url).hostname, self.rules
        try:
            async with asyncio.timeout(rules.silence):
                # without compression, which would make a tenth of the bytes and double the work of a processor
                socket = await session.ws_connect(
                    self.access.url,
                    decode_text=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                    max_msg_size=LARGEST,
                )
                for collector in rules.collectors:
                    await socket.send_json(subscription(collector))
            return socket
        except aiohttp.WSServerHandshakeError as error:
            after = retry_after(error.headers or {}, self.clock.now())
            raise FeedError(f"RIS Live at {host} refused the connection: HTTP status {error.status}", after) from None
        except TimeoutError:
            raise FeedError(f"RIS Live at {host} did not answer within {rules.silence:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise FeedError(f"RIS Live at {host} is not reached: {cause(error)}") from None

    async def _relay(self, socket: aiohttp.ClientWebSocketResponse[bool], outlet: Outlet) -> None:
        """Put what the connection brings; FeedError when it is of no use any more."""
        rules, now, self.beaten_at, said = self.rules, asyncio.get_running_loop().time, float("-inf"), ""
        inflow, number, is_new, is_known = Inflow(socket, rules.most), 0, True, False
        latest = self.newest
        reader = asyncio.create_task(inflow.fill())
        heard = timely = asked = now()
        try:
            while True:
                messages, is_over = await inflow.take(rules.span / self.clock.speed), reader.done()
                items, times = await asyncio.to_thread(self._parsed, messages, number)
                number += len(messages)
                said = next(filter(None, map(_said, reversed(items))), "" if len(times) else said)
                if len(times):
                    latest, heard = int(np.median(times)), now()
                    newest = max(self.newest, min(latest, int(self.clock.now())))
                    if newest > self.newest:
                        if is_new and self.newest > NEVER:
                            self.back = newest
                            if self.access.archive:
                                self.gaps.append((self.newest, newest))
                            elif newest - self.newest > rules.brief:
                                items.insert(
                                    0, sessions_down(self.feed, tuple(self.peers), max(self.newest, int(times.min())))
                                )
                        self.newest, is_new = newest, False
                if items:
                    await outlet.put(items)
                age = self.clock.now() - latest
                if len(messages) >= rules.most or age <= rules.late:  # it still catches up, or is in time
                    timely = now()
                is_late = now() > timely + rules.silence
                stale = f"the messages of RIS Live are {age / 60:.0f} minutes old" if is_late else ""
                is_known |= is_late or age <= rules.late  # until then the connection may be of no use
                if is_known and not is_new:
                    await self._beat(outlet, stale, age)
                if is_over or now() > heard + rules.silence:
                    if (
                        not (is_new or is_late or self._missed) and self.newest > self.beaten
                    ):  # slower peers are waited for no longer
                        self.beaten = self.newest
                        await outlet.beat(self.newest)
                    how = "closed the connection (code {})" if is_over else "sent no routes for {:g} s"
                    raise FeedError(f"RIS Live {how.format(socket.close_code if is_over else rules.silence)}{said}")
                if is_late and self.clock.now() > self.closed_at + rules.between:
                    self.closed_at = self.clock.now()
                    raise FeedError(stale)
                if now() > asked + rules.silence / 2:
                    asked = now()
                    with contextlib.suppress(OSError):  # the reader knows that it is closed
                        await socket.send_json({"type": "ping", "data": None})
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def _parsed(self, messages: list[bytes], number: int) -> tuple[list[Item], np.ndarray]:
        """Records and damage of the messages, and the times of the records."""
        last = self.newest if self.newest > NEVER else None
        items, times = [], [np.empty(0, np.int64)]
        for item in ris_live.arrived(messages, number + 1, last):
            if isinstance(item, Elements):
                times.append(item.time)
                self.peers |= dict.fromkeys(item.peers)
            items.append(item)
        return items, np.concatenate(times)

    async def _beat(self, outlet: Outlet, stale: str, age: float) -> None:
        """A heartbeat where time has moved on, and every half minute; dead where messages are old or were missed."""
        now, step = self.clock.now(), self.rules.step
        time = max(self.beaten, self.back, (self.newest - self.rules.grace) // step * step)
        why = stale if age > self.patience else ""
        if self._missed:
            time, why = self.beaten, why or MISSED
        if time > self.beaten or now > self.beaten_at + HEARTBEAT / 2:
            self.beaten, self.beaten_at = time, now
            await outlet.beat(time, DEAD if why else UP, why)

    @property
    def _missed(self) -> bool:
        """Whether a gap is open in which much may have happened."""
        return any(end - begin > self.rules.brief for begin, end in self.gaps)


def subscription(collector: str) -> dict[str, object]:
    """The message that asks for all that a collector receives."""
    return {"type": "ris_subscribe", "data": {"host": collector, "socketOptions": {"acknowledge": True}}}


def _said(item: Item) -> str:
    """What the server told about an error, which comes as JSON or as plain text."""
    if isinstance(item, DecodeError) and item.reason in ("server-error", "bad-json"):
        return f": {printable(item.detail)}"
    return ""
