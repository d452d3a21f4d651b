"""RIPE Atlas, as far as netvigil asks it: the probe list in pages, past connections, and the stream of new ones."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import WSMsgType, web

from tests.lookalikes.http import Handler

FAULTS = ("killed", "stalls", "half-open", "429", "500", "wrong", "half", "empty", "yesterday", "flood")
"""Connections break; nothing comes; the end of the stream is not told; it refuses with a status; web pages; half of the
probe list; no probes; events of the day before; ten times as many probes and events."""

PAGE = 4  # probes on a page: several pages for a few probes


@dataclass
class AtlasLookalike:
    """``probes``: as in the probe list; ``past``: events of measurement 7000; ``subscribed``: clients of the stream.

    ``broken``: paths that answer 500.  ``fault``: one of `FAULTS` that holds now, "" for none.
    """

    probes: list[dict[str, Any]]
    past: list[dict[str, Any]] = field(default_factory=list)
    subscribed: list[web.WebSocketResponse] = field(default_factory=list)
    links: list[asyncio.Transport] = field(default_factory=list)
    connected: int = 0
    asked: list[str] = field(default_factory=list)
    broken: tuple[str, ...] = ()
    fault: str = ""

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        """Serve; gives the address of the interface."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/api/v2/probes/", partial(self._faulty, self._list)),
                web.get("/api/v2/measurements/7000/results/", partial(self._faulty, self._past)),
                web.get("/stream/", partial(self._faulty, self._stream)),
            ]
        )
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        try:
            yield "http://{}:{}/api/v2".format(*runner.addresses[0][:2])
        finally:
            await runner.cleanup()

    async def send(self, *messages: object) -> None:
        """Messages to all that have subscribed; text as it is."""
        if self.fault in ("stalls", "half-open"):
            return
        for socket in self.subscribed:
            for message in messages:
                text = message if isinstance(message, str) else json.dumps(message)
                for _ in range(10 if self.fault == "flood" else 1):
                    await socket.send_str("<html>" if self.fault == "wrong" else text)

    async def close(self) -> None:
        """Close every connection."""
        for socket in self.subscribed:
            await socket.close(code=1001)
        self.subscribed.clear()

    async def break_down(self, fault: str) -> None:
        """From now on it is one of `FAULTS`; all is well again with ""."""
        before, self.fault = self.fault, fault
        for link in self.links:
            if fault == "half-open":
                link.pause_reading()
            elif fault not in ("", "stalls", "yesterday") or before == "half-open":
                link.abort()

    async def _faulty(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        match self.fault:
            case "killed":
                assert request.transport
                request.transport.abort()
                return web.Response()
            case "stalls":
                await asyncio.sleep(60)
            case "429" | "500":
                return web.Response(status=int(self.fault), headers={"Retry-After": "30"})
            case "wrong":
                return web.Response(text="<html>Welcome</html>", content_type="text/html")
        answer = await handler(request)
        if self.fault == "half" and isinstance(answer, web.Response):
            assert isinstance(answer.body, bytes)
            return web.Response(body=answer.body[: len(answer.body) // 2], content_type="application/json")
        return answer

    async def heard(self, number: int) -> None:
        """Wait until so many have subscribed since it started."""
        while self.connected < number:
            await asyncio.sleep(0.005)

    async def _list(self, request: web.Request) -> web.Response:
        self.asked.append(str(request.rel_url))
        query, page = request.query, int(request.query["page"])
        countries = query.get("country_code__in", "").split(",")
        found = [
            probe
            for probe in self.probes
            if self.fault != "empty"
            and str(probe["status"]["id"]) == query["status"]
            and (probe["country_code"] in countries or "country_code__in" not in query)
        ]
        if self.fault == "flood":
            found += [probe | {"id": probe["id"] * 100 + i, "country_code": "IN"} for probe in found for i in range(9)]
        following = f"https://127.0.0.1/api/v2/probes/?page={page + 1}" if len(found) > page * PAGE else None
        some = found[(page - 1) * PAGE : page * PAGE]
        return web.json_response({"count": len(found), "next": following, "previous": None, "results": some})

    async def _past(self, request: web.Request) -> web.Response:
        self.asked.append(str(request.rel_url))
        if "past" in self.broken:
            return web.Response(status=500)
        start, stop = int(request.query["start"]), int(request.query["stop"])
        names = request.query.get("probe_ids", "").split(",")
        found = [event for event in self.past if start <= event["timestamp"] <= stop]
        is_all = "probe_ids" not in request.query
        return web.json_response([event for event in found if is_all or str(event["prb_id"]) in names])

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        link = request.transport
        assert isinstance(link, asyncio.Transport)
        self.links.append(link)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT and json.loads(message.data)[0] == "atlas_subscribe":
                    await socket.send_json(["atlas_subscribed", json.loads(message.data)[1]])
                    self.subscribed.append(socket)
                    self.connected += 1
        finally:
            self.links.remove(link)
            if socket in self.subscribed:
                self.subscribed.remove(socket)
        return socket
