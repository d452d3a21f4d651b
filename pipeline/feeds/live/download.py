"""Files of an archive over HTTP: fetched once, resumed, checked, and kept whole in a folder."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import msgspec

from pipeline.feeds.live.base import Clock, FeedError
from pipeline.feeds.live.http import cause, retry_after
from pipeline.feeds.unpack import unpacked

PIECE = 256 * 1024  # read at a time [bytes]
KINDS = {".gz": "gzip", ".bz2": "bzip2"}  # compression that a file must have, by the end of its name


class MissingError(FeedError):
    """The server has no such file, or not yet."""


class Begun(msgspec.Struct):
    """What is known of a file of which a part is there: ``validator`` for ``If-Range``, and its whole size [bytes]."""

    validator: str = ""
    total: int | None = None


@dataclass
class Downloads:
    """Fetches files to ``folder``, one at a time from each host.

    ``progress``: called with name, bytes there and bytes in all.  ``pause``: between two requests to a host [s of the
    clock]: archives refuse quick ones.  ``largest``: a larger file is refused [bytes].  ``tries``: failures in a row,
    without a byte between them, after which it gives up.

    A whole file has its SHA-256 beside it, as ``sha256sum`` writes it; a part has the name ``NAME.part``, and is
    continued where the server still has the same file.
    """

    folder: Path
    clock: Clock
    progress: Callable[[str, int, int | None], None] = lambda name, done, total: None
    pause: float = 1.0
    largest: int = 4 * 2**30
    tries: int = 6
    stall: float = 60.0
    """Longest wait for a connection or for the next bytes [s]."""
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def fetch(self, url: str, name: str, until: float = 0.0) -> Path:
        """The file of that address, whole, as ``name`` in the folder.

        ``until``: time of the clock until which a 404 means "not yet" [s].  Raises `MissingError` after it, and
        `FeedError` where the server does not give the file.
        """
        path = self.folder / name
        if await asyncio.to_thread(_intact, path):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        part, seen = _part(path), ""
        while True:
            await self._transfer(url, name, part, until)
            digest, damage = await asyncio.to_thread(_examined, part, path.suffix)
            if not damage or (digest == seen and not damage.startswith("not ")):  # damaged in the archive itself
                break
            _drop(part)
            if seen:
                raise FeedError(f"{_host(url)} does not give {name} whole: it is {damage}")
            seen = digest
        _sum(path).write_text(f"{digest}  {path.name}\n")
        part.replace(path)
        _begun(part).unlink(missing_ok=True)
        return path

    async def _transfer(self, url: str, name: str, part: Path, until: float) -> None:
        """Fetch until the part has all its bytes."""
        failures = 0
        while True:
            before = _size(part)
            try:
                async with self._turn(_host(url)):
                    if await self._attempt(url, name, part):
                        return
                error: Exception = FeedError(f"{_host(url)} gave only a part of {name}")
            except MissingError:
                if self.clock.now() >= until:
                    raise
                await self.clock.sleep(60.0)
                continue
            except FeedError as refusal:
                if refusal.after is None:
                    raise
                error = refusal
            except (aiohttp.ClientError, TimeoutError, OSError) as fault:
                error = FeedError(f"{_host(url)} does not give {name}: {cause(fault)}")
            failures = 0 if _size(part) > before else failures + 1
            if failures >= self.tries:
                raise error
            wait = min(60.0, 2.0**failures) * random.uniform(0.5, 1.0)
            await self.clock.sleep(max(wait, getattr(error, "after", None) or 0.0))

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        async with self._turns.setdefault(host, asyncio.Lock()):
            yield
            await self.clock.sleep(self.pause)

    async def _attempt(self, url: str, name: str, part: Path) -> bool:
        """One request; whether the part is whole afterwards."""
        begun, size = _read_begun(part), _size(part)
        if size and size == begun.total:
            return True
        headers = {"Accept-Encoding": "identity"}
        if size and begun.validator:
            headers |= {"Range": f"bytes={size}-", "If-Range": begun.validator}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.stall, sock_read=self.stall)
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
            session.get(url, headers=headers) as answer,
        ):
            _refuse(answer, name, self.clock.now())
            goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {size}-")
            if answer.status in (206, 416) and not goes_on:
                _drop(part)
                return False
            size = size if goes_on else 0
            length = answer.content_length
            begun = Begun(_validator(answer.headers), None if length is None else size + length)
            if max(size, begun.total or 0) > self.largest:
                raise FeedError(f"{name} has {begun.total or size:,} bytes, more than {self.largest:,}")
            _begun(part).write_bytes(msgspec.json.encode(begun))
            with part.open("ab" if goes_on else "wb") as file:
                async for piece in answer.content.iter_chunked(PIECE):
                    size += len(piece)
                    if size > self.largest:
                        raise FeedError(f"{name} has more than {self.largest:,} bytes")
                    file.write(piece)
                    self.progress(name, size, begun.total)
        return begun.total in (None, size)


def _refuse(answer: aiohttp.ClientResponse, name: str, now: float) -> None:
    """Raise where the server refuses; ``after`` is set where it may answer later."""
    status, host = answer.status, answer.url.host
    if status in (404, 410):
        raise MissingError(f"{host} has no {name}")
    if status == 429 or status >= 500:
        raise FeedError(f"{host} answers {status} for {name}", retry_after(answer.headers, now) or 0.0)
    if status not in (200, 206, 416):
        raise FeedError(f"{host} answers {status} for {name}")


def _validator(headers: Mapping[str, str]) -> str:
    """What ``If-Range`` may have: a strong ETag, else the time of the last change."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified", "")


def _examined(path: Path, suffix: str) -> tuple[str, str]:
    """SHA-256 of a file, and what is wrong with it in words: the archives give no checksum, but gzip and bzip2 have."""
    raw, stream = unpacked(path)
    with stream:
        wanted = KINDS.get(suffix, raw.kind)
        if raw.kind != wanted:
            return _digest(path), f"not {wanted}"
        while stream.read1(PIECE):
            pass
        return _digest(path), f"damaged, {raw.damage[0]} at {raw.damage[1]}" if raw.damage else ""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _intact(path: Path) -> bool:
    """Whether a file is there as it was when it came."""
    return path.is_file() and _sum(path).is_file() and _sum(path).read_text().partition(" ")[0] == _digest(path)


def _read_begun(part: Path) -> Begun:
    try:
        return msgspec.json.decode(_begun(part).read_bytes(), type=Begun)
    except (OSError, msgspec.DecodeError):
        return Begun()


def _drop(part: Path) -> None:
    for path in (part, _begun(part)):
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _begun(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _sum(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
