"""A local server of MRT files as the archives have them: ranges, validators, and their failures on demand."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class ArchiveServer:
    """Serves ``files`` by path; ``faults``: what happens at the next requests of a path, in order.

    A fault is a status, ``half`` (the connection breaks in the middle of the body), ``stall`` (nothing comes after it),
    ``reset`` (it breaks at once), ``page`` (a web page with status 200) or ``cut`` (half the body, said to be the
    whole).  ``asked``: paths with the ranges that were asked for.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[int | str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=lambda: {"Last-Modified": "Thu, 08 Feb 2024 00:00:00 GMT"})
    retry_after: str = "30"
    url: str = ""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.lstrip("/")
        wanted = request.headers.get("Range", "")
        self.asked.append((path, wanted))
        fault = self.faults[path].pop(0) if self.faults.get(path) else 200
        if fault in (429, 503):
            return web.Response(status=int(fault), headers={"Retry-After": self.retry_after})
        if isinstance(fault, int) and fault != 200:
            return web.Response(status=fault)
        if fault == "reset":
            assert request.transport
            request.transport.abort()
            return web.Response()
        if fault == "page":
            return web.Response(text="<html>log in</html>", content_type="text/html")
        if path not in self.files:
            return web.Response(status=404)
        body, start, headers = self.files[path], 0, {"Accept-Ranges": "bytes", **self.headers}
        if wanted and request.headers.get("If-Range") in self.headers.values():
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return web.Response(status=416)
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        rest = body[start:]
        if fault == "cut":
            return web.Response(body=rest[: len(rest) // 2], headers=headers)
        answer = web.StreamResponse(status=206 if "Content-Range" in headers else 200, headers=headers)
        answer.content_length = len(rest)
        await answer.prepare(request)
        await answer.write(rest[: len(rest) // 2 if fault in ("half", "stall") else len(rest)])
        if fault == "stall":
            await asyncio.sleep(60)
        if fault == "half":
            assert request.transport
            request.transport.close()
        return answer

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on a free port; gives the address."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://{}:{}".format(*runner.addresses[0][:2])
        try:
            yield self.url
        finally:
            await runner.cleanup()
