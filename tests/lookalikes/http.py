"""Publishers' HTTP interfaces on one local port, served from series with a clock, and their failures on demand.

A bin is published a delay after its end, and nothing of it before.  The forms of the interfaces are in a module each.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

import numpy as np
from aiohttp import web

from pipeline.records import Entity, Rows

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FAULTS = ("killed", "stalls", "429", "500", "wrong", "half", "empty", "yesterday", "flood")
"""The connection breaks; nothing comes; two statuses; a web page; half of the JSON; no values; those of the day
before and none since; ten times as much."""


@dataclass
class Publisher:
    """``rows``: one for each signal.  ``now``: its clock.  ``delay``: of a signal's bins [s].

    ``fault``: one of `FAULTS` that holds now, "" for none; ``faults``: the same for paths that begin with a name,
    changed by a POST to ``/faults/NAME/FAULT``.  ``refused``: a word in addresses that are refused; ``quota``: answers
    a minute, 0 for any number; ``tells``: what an answer becomes.  ``asked``: addresses of the requests; ``tokens``:
    what they had.
    """

    rows: Mapping[str, Rows]
    now: Callable[[], float]
    delay: Mapping[str, int] = field(default_factory=dict)
    fault: Callable[[], str] = lambda: ""
    faults: dict[str, str] = field(default_factory=dict)
    routes: Callable[["Publisher"], Iterable[web.RouteDef]] = lambda publisher: ()
    refused: str = "-"
    quota: int = 0
    tells: Callable[[bytes], bytes] = lambda body: body
    answers: list[float] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    unchanged: int = 0

    def fault_of(self, request: web.Request) -> str:
        """What is wrong with the answer to a request."""
        return self.fault() or self.faults.get(request.path.split("/")[1], "")

    def values(
        self, request: web.Request, signal: str, start: int, end: int
    ) -> dict[Entity, tuple[np.ndarray, np.ndarray]]:
        """What is published by now of ``[start, end)`` [s]: starts of bins and values by entity."""
        fault, rows = self.fault_of(request), self.rows.get(signal)
        if fault == "empty" or rows is None:
            return {}
        if fault == "flood":
            start -= 9 * (end - start)
        until = self.now() - self.delay.get(signal, 0) - rows.width - (86_400 if fault == "yesterday" else 0)
        here = (rows.time >= start) & (rows.time < end) & (rows.time <= until)
        found = {}
        for number in np.unique(rows.entity[here]).tolist():
            own = here & (rows.entity == number)
            found[rows.entities[number]] = (rows.time[own], rows.value[own])
        return found

    @asynccontextmanager
    async def running(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve; gives the address."""

        @web.middleware
        async def faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._faulty(request, handler)

        app = web.Application(middlewares=[faulty])
        app.add_routes([*self.routes(self), web.post("/faults/{name}/{fault:.*}", self._change)])
        runner = web.AppRunner(app, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        try:
            yield "http://{}:{}".format(*runner.addresses[0][:2])
        finally:
            await runner.cleanup()

    async def _change(self, request: web.Request) -> web.StreamResponse:
        self.faults[request.match_info["name"]] = request.match_info["fault"]
        return web.Response()

    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(str(request.rel_url))
        self.tokens.append(request.headers.get("Authorization", ""))
        fault = self.fault_of(request)
        match fault:
            case "killed":
                assert request.transport
                request.transport.abort()
                return web.Response()
            case "stalls":
                await asyncio.sleep(60)
            case "429":
                return web.Response(status=429, headers={"Retry-After": "600"})
            case "500":
                return web.Response(status=500, text="<html>Internal Server Error</html>")
            case "wrong":
                return web.Response(text="<html>Welcome</html>", content_type="text/html")
        if self.refused in re.split("[/,=&?]", unquote(str(request.rel_url))):
            return web.json_response({"errors": [{"code": 7003, "message": "no such place"}]}, status=400)
        self.answers = [time for time in self.answers if time > self.now() - 60]
        if self.quota and len(self.answers) >= self.quota:
            return web.Response(status=429)
        self.answers.append(self.now())
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        assert isinstance(answer.body, bytes)
        answer.body = self.tells(answer.body)
        if fault == "half":
            return web.Response(body=answer.body[: len(answer.body) // 2], content_type="application/json")
        tag = f'"{hashlib.md5(answer.body).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            self.unchanged += 1
            return web.Response(status=304)
        answer.headers["ETag"] = tag
        return answer
