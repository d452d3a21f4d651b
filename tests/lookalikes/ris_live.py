"""RIS Live on this machine: `python -m tests.lookalikes.ris_live FILE --port 8765 --speed 60`.

It sends the messages of a file to whoever is subscribed at the pace of their time stamps, as a live server does: what
comes while a client is away is lost to it.  Messages without a time come with the one before them.
"""

import argparse
import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from pipeline.feeds.live.base import Clock

LIMIT = 134_217_728  # bytes that may wait for a slow client before it is closed
SLOW = b'{"type":"ris_error","data":{"message":"You are too slow, 134217728 bytes are waiting. Closing connection."}}'
AT_ONCE = 200  # messages that are written together at full speed

FAULTS = ("killed", "stalls", "half-open", "429", "500", "wrong", "yesterday", "flood")
"""It is gone in the middle of a message; nothing comes; the end of its connections is not told; it refuses with a
status; no message is whole; those of the day before come; each comes ten times."""

_TIME = re.compile(rb'"timestamp": ?([0-9.]+)')
_HOST = re.compile(rb'"host": ?"(rrc[0-9]+)')


class Sent(NamedTuple):
    """A message, when it is due [s of the file], and the collector that it is of, '' for all."""

    due: float
    host: str
    text: bytes

    def after(self, seconds: float) -> bytes:
        """The same with a later time stamp."""
        return _TIME.sub(lambda found: b'"timestamp":%.2f' % (float(found[1]) + seconds), self.text, count=1)


def messages(lines: Sequence[bytes]) -> list[Sent]:
    made: list[Sent] = []
    for line in lines:
        stamp, host = _TIME.search(line), _HOST.search(line)
        due = float(stamp[1]) if stamp else made[-1].due if made else 0.0
        made.append(Sent(due, host[1].decode() if host else "", line))
    return made


def load(path: Path) -> list[bytes]:
    """The lines of a file, where `rrcXX` is rrc00."""
    return path.read_bytes().replace(b'"rrcXX"', b'"rrc00"').splitlines()


def frame(text: bytes) -> bytes:
    """A text message of a server, as bytes of a WebSocket (RFC 6455)."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return bytes((0x81, 126 if size < 2**16 else 127)) + size.to_bytes(2 if size < 2**16 else 8) + text


class Link:
    """One client: the collectors that it asked for ('' for all), and what is wrong with its connection."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self.transport = transport
        self.hosts: set[str] = set()
        self.acknowledges = False
        self.is_mute = False


class RisLiveLookalike:
    """The server, for as long as the block lasts.

    ``speed``: seconds of the file in a second, 0 for as fast as it is read.  ``tick``: messages are sent every so many
    seconds: 1 gives bursts.  ``loops``: how often the file is sent, each time with later time stamps.  ``now``: time
    stamp of the first message, else that of the file.
    """

    def __init__(
        self, lines: Sequence[bytes], speed: float = 1.0, tick: float = 0.05, loops: int = 1,
        now: float | None = None, port: int = 0, limit: int = LIMIT,
    ) -> None:  # fmt: skip
        self.file, self.speed, self.tick, self.loops, self.port, self.limit = (
            messages(lines), speed, tick, loops, port, limit
        )  # fmt: skip
        self.shift = 0.0 if now is None else now - self.file[0].due
        self.links: list[Link] = []
        self.asked: list[dict[str, object]] = []
        """What clients have sent."""
        self.copies = 1
        self.sent = 0
        self.extra: list[bytes] = []
        self.fault = ""

    async def __aenter__(self) -> "RisLiveLookalike":
        await self.revive()
        self.pump = asyncio.create_task(self._pump())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.pump.cancel()
        with suppress(asyncio.CancelledError):
            await self.pump
        await self.kill()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/ws/?client=netvigil"

    # Faults

    async def kill(self) -> None:
        """Cut all connections; nothing listens any more."""
        self.close(abruptly=True)
        await self.runner.cleanup()

    async def revive(self) -> None:
        """Listen, again at the same port."""
        app = web.Application()
        app.router.add_get("/v1/ws/", self._serve)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def break_down(self, fault: str) -> None:
        """From now on it is one of `FAULTS`; all is well again with ""."""
        before, self.fault = self.fault, fault
        if before == "killed":
            await self.revive()
        if fault == "killed":
            for link in self.links:
                link.transport.write(frame(self.file[0].text)[:50])
            await asyncio.sleep(0)
            await self.kill()
        elif fault in ("429", "500") or before in ("half-open",):
            self.close(abruptly=True)
        elif fault == "half-open":
            self.half_open()

    def close(self, abruptly: bool = False) -> None:
        """End the connections of now."""
        for link in self.links:
            if abruptly:
                link.transport.abort()
            else:
                link.transport.write(b"\x88\x02\x03\xe8")  # close, code 1000

    def stall(self) -> None:
        """The connections of now bring no messages any more; a ping is answered."""
        for link in self.links:
            link.is_mute = True

    def half_open(self) -> None:
        """On the connections of now nothing is read or sent any more, and no end of them is told."""
        for link in self.links:
            link.is_mute = True
            link.transport.pause_reading()  # type: ignore[attr-defined]

    def garbage(self, *texts: bytes) -> None:
        """Send these between the messages."""
        self.extra += texts

    def flood(self, copies: int = 10) -> None:
        """Send each message so many times."""
        self.copies = copies

    # The protocol

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.fault in ("429", "500"):
            return web.Response(status=int(self.fault), headers={"Retry-After": "30"})
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.WriteTransport)
        link = Link(request.transport)
        self.links.append(link)
        try:
            async for message in socket:
                for answer in self._answers(link, message.data):
                    link.transport.write(frame(json.dumps(answer).encode()))
        finally:
            self.links.remove(link)
        return socket

    def _answers(self, link: Link, text: str) -> Iterator[dict[str, object]]:
        try:
            asked = json.loads(text)
            kind, given = asked["type"], asked.get("data") or {}
        except (ValueError, LookupError, TypeError, AttributeError):
            yield {"type": "ris_error", "data": {"message": f"Invalid message: {text[:100]}"}}
            return
        self.asked.append(asked)
        if kind == "ping":
            yield {"type": "pong", "data": None}
        elif kind == "request_rrc_list":
            yield {"type": "ris_rrc_list", "data": sorted({sent.host for sent in self.file if sent.host})}
        elif kind == "ris_subscribe" and set(given) <= {"host", "socketOptions"}:
            link.hosts.add(given.get("host", ""))
            if given.get("socketOptions", {}).get("acknowledge"):
                options = {"includeRaw": False, "acknowledge": True}
                subscription = {key: value for key, value in given.items() if key == "host"}
                yield {"type": "ris_subscribe_ok", "data": {"subscription": subscription, "socketOptions": options}}
        elif kind == "ris_unsubscribe":
            link.hosts.discard(given.get("host", ""))
        else:
            yield {"type": "ris_error", "data": {"message": f"Unknown message: {text[:100]}"}}

    async def _pump(self) -> None:
        begin, span = self.file[0].due, self.file[-1].due - self.file[0].due + 1
        began = time.monotonic()
        for loop in range(self.loops):
            at = 0
            while at < len(self.file):
                if self.speed:
                    await asyncio.sleep(self.tick)
                    until = begin - loop * span + (time.monotonic() - began) * self.speed
                    end = at
                    while end < len(self.file) and self.file[end].due <= until:
                        end += 1
                else:
                    while not any(link.hosts for link in self.links):
                        await asyncio.sleep(0.01)
                    end = at + AT_ONCE
                await self._send(self.file[at:end], self.shift + loop * span)
                at = end

    async def _send(self, batch: Sequence[Sent], shift: float) -> None:
        if self.fault in ("stalls", "half-open"):
            return
        if self.fault == "wrong":
            batch = [Sent(0.0, "", text) for sent in batch for text in (b"<html>", sent.text[:40], b"[]")]
        shift -= 86_400 if self.fault == "yesterday" else 0
        copies = 10 if self.fault == "flood" else self.copies
        framed = [(sent.host, frame(sent.after(shift) if shift else sent.text) * copies) for sent in batch]
        extra, self.extra = b"".join(map(frame, self.extra)), []
        self.sent += len(batch) * copies
        for link in [link for link in self.links if link.hosts and not link.is_mute]:
            every = "" in link.hosts
            link.transport.write(b"".join(f for host, f in framed if every or not host or host in link.hosts) + extra)
            if self.speed and link.transport.get_write_buffer_size() > self.limit:
                link.transport.write(frame(SLOW))
                link.transport.close()
        while not self.speed and any(
            link.transport.get_write_buffer_size() > 2**18 for link in self.links if not link.is_mute
        ):
            await asyncio.sleep(0.0005)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--tick", type=float, default=0.05)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--now", action="store_true", help="the first message is of now")
    given = parser.parse_args()
    now = Clock().now() if given.now else None
    server = RisLiveLookalike(load(given.file), given.speed, given.tick, given.loops, now, given.port)
    async with server:
        print(server.url, flush=True)  # noqa: T201
        await server.pump
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main())
