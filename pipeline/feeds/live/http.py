"""GET requests to one publisher: paced, bounded, and conditional where nothing may have changed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp
import msgspec

from pipeline.errors import printable
from pipeline.feeds.live.base import Access, Clock, FeedError

CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
"""What an answer says of its version -> what the next request for the same says."""

FAILURES: dict[type[Exception], str] = {
    aiohttp.ClientConnectorDNSError: "its name is not found, as where a machine is offline",
    aiohttp.ServerDisconnectedError: "it closes the connection without an answer",
    aiohttp.ClientSSLError: "its certificate is not accepted",
    aiohttp.InvalidURL: "its address is no URL",
    aiohttp.TooManyRedirects: "it redirects again and again",
    aiohttp.ClientResponseError: "it does not answer as a web server does",
    TimeoutError: "it does not answer in time",
}
"""What a failure without a number of the system means, the special before the general."""

PIECE = 64 * 1024  # read at a time [bytes]
LONGEST = 4096  # of a refusal that is read [bytes]


@dataclass
class Http:
    """``pace``: least time between two requests [s of the clock]."""

    access: Access
    clock: Clock
    pace: float
    timeout: float = 30.0
    """Longest wait for a connection or for the next bytes, and a quarter of that for the whole answer [s of the
    machine]."""
    largest: int = 64 * 2**20
    """A larger answer is refused [bytes]: it must fit memory."""
    asked: float = float("-inf")
    _known: dict[str, dict[str, str]] = field(default_factory=dict)
    _next: dict[str, dict[str, str]] = field(default_factory=dict)

    async def __aenter__(self) -> "Http":
        headers = {"Accept": "application/json", "User-Agent": "netvigil"}
        if self.access.token:
            headers["Authorization"] = f"Bearer {self.access.token}"
        self._session = aiohttp.ClientSession(headers=headers)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await self._session.close()

    @property
    def host(self) -> str:
        return urlsplit(self.access.url).hostname or ""

    def turn(self) -> None:
        """A round of requests begins; those of the round before may be unchanged."""
        self._known, self._next = self._next, {}

    def forget(self) -> None:
        """What came was of no use: ask for all again."""
        self._known, self._next = {}, {}

    async def get(self, path: str, query: Mapping[str, str]) -> bytes | None:
        """The body of an answer, None where it has not changed since the round before; `FeedError`."""
        await self.clock.sleep(self.asked + self.pace - self.clock.now())
        self.asked = self.clock.now()
        try:
            return await self._get(path, query)
        except TimeoutError:
            raise FeedError(f"{self.host} did not answer within {self.timeout:g} s") from None
        except aiohttp.ClientPayloadError:
            raise FeedError(f"the answer of {self.host} broke off") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FeedError(f"{self.host} is not reached: {cause(error)}") from None

    async def _get(self, path: str, query: Mapping[str, str]) -> bytes | None:
        key = f"{path}?{query}"
        known = self._known.get(key, {})
        wait = aiohttp.ClientTimeout(total=4 * self.timeout, sock_connect=self.timeout, sock_read=self.timeout)
        async with self._session.get(self.access.url + path, params=query, headers=known, timeout=wait) as answer:
            if answer.status == 304 and known:
                self._next[key] = known
                return None
            if answer.status != 200:
                raise await self._refusal(answer)
            body = bytearray()
            async for piece in answer.content.iter_chunked(PIECE):
                body += piece
                if len(body) > self.largest:
                    raise FeedError(f"an answer of {self.host} has more than {self.largest:,} bytes", alone=True)
            self._next[key] = {
                then: answer.headers[said] for said, then in CONDITIONS.items() if said in answer.headers
            }
            return bytes(body)

    async def _refusal(self, answer: aiohttp.ClientResponse) -> FeedError:
        """What an answer without values says, in its own words where these are JSON for a person."""
        status, after = answer.status, retry_after(answer.headers, self.clock.now())
        said = ""
        if status == 429:
            said, after = "too many requests", after or 0.0
        elif status != 401 and answer.content_type == "application/json":
            said = words(await answer.content.read(LONGEST))
            said = said.replace(self.access.token, "") if self.access.token else said
        if not said and status in (401, 403):
            said = "it refuses the token" if self.access.token else "it refuses access"
        reason = f"{self.host} answers {status}{': ' if said else ''}{said}"
        return FeedError(reason, after, alone=400 <= status < 500 and status not in (401, 408, 429))


def words(body: bytes) -> str:
    """What an error in JSON says to a person: its message, else the whole of it.

    Examples
    --------
    >>> words(b'{"success": false, "errors": [{"code": 7003, "message": "no such ASN"}]}')
    'no such ASN'
    >>> words(b'{"errors": [{"code": 9109}]}')
    ''
    """
    try:
        said = msgspec.json.decode(body)
        while isinstance(said, dict | list) and said:
            named = said if isinstance(said, list) else [said[k] for k in ("errors", "error", "message") if k in said]
            said = named[0] if named else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    return printable(said)[:200] if isinstance(said, str) else ""


def cause(error: Exception) -> str:
    """Why a server is not reached, for a person; the errors' own texts name the whole address.

    Examples
    --------
    >>> cause(OSError(111, "")), cause(aiohttp.ServerDisconnectedError())
    ('Connection refused', 'it closes the connection without an answer')
    """
    for kind, words in FAILURES.items():
        if isinstance(error, kind):
            return words
    number = getattr(error, "errno", None) or 0
    return os.strerror(number) if number > 0 else type(error).__name__


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """How long a server wants to be left alone [s], an hour at most; it says so in seconds, or as a date.

    Examples
    --------
    >>> retry_after({"Retry-After": "30"}, 0.0)
    30.0
    >>> retry_after({"Retry-After": "Thu, 08 Feb 2024 00:01:00 GMT"}, 1707350400.0)
    60.0
    """
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said), 3600.0)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return min(max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now), 3600.0)
