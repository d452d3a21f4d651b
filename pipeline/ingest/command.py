"""The commands ``netvigil ingest`` and ``record``: clients of what a person asked for, their frames sent or written."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from pipeline.bins import DAY
from pipeline.errors import UserError
from pipeline.feeds import FEEDS, Item
from pipeline.feeds.live.archives import Archive, archive_of
from pipeline.feeds.live.base import HEARTBEAT, Access, Client, Clock, FeedError, Outlet, Scope
from pipeline.feeds.live.polled import Poller
from pipeline.feeds.live.registry import CLIENTS, Live
from pipeline.feeds.recorded import Recorder
from pipeline.feeds.registry import POLLED
from pipeline.geo.countries import is_country, not_a_country
from pipeline.geo.networks import networks as named
from pipeline.ingest.keeping import Remembering
from pipeline.ingest.outlet import Desk, Send, SendError, Sent
from pipeline.ingest.sending import ToKafka, last_beats
from pipeline.ingest.supervisor import OverError, Supervisor
from pipeline.kafka.create_topics import create
from pipeline.kafka.security import from_environment, parse
from pipeline.records import Run
from pipeline.settings.watching import Watch, countries, networks, read_watches, services
from pipeline.state import LIVE
from pipeline.topics import BGP_FEEDS, every

TOKEN = "NETVIGIL_TOKEN_{}_FILE"
"""The environment variable that names the file with a feed's token."""

ARCHIVE = "mrt"
"""The name in ``--url`` of the archive with which a feed begins: another server has none, unless it is named."""


@dataclass(frozen=True)
class Options:
    """What a person asks of live feeds; see `pipeline.cli.arguments`."""

    feeds: tuple[str, ...]
    url: tuple[str, ...] = ()
    token: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    watch: Path | None = None
    state: Path | None = None
    clock: str = ""

    def check(self, *more: str) -> None:
        """Raise `UserError` where something is wrong; ``more``: what is no live feed, but may be asked for, too."""
        for feed in self.feeds:
            if feed not in (*CLIENTS, *more):
                raise UserError(f"{feed!r} is no live feed: there are {', '.join((*CLIENTS, *more))}")
        for country in self.only:
            if not is_country(country):
                raise UserError(f"--only {country!r}: {not_a_country(country)}")
        if self.only and self.watch:
            raise UserError(f"--only {self.only[0]!r} and --watch {str(self.watch)!r}: give one of them")
        _named("--url", self.url, ARCHIVE)
        for feed, file in _named("--token", self.token).items():
            _token(feed, file, {})

    def time(self) -> Clock:
        """The clock: the machine's, or one of a rehearsal."""
        if not self.clock:
            return Clock()
        try:
            start, speed = (float(word) for word in self.clock.split(","))
        except ValueError:
            start = speed = 0.0
        if not (start > 0 and 0 < speed < float("inf")):
            raise UserError(f"--clock {self.clock!r} is not START,SPEED: seconds UTC and a number above 0")
        return Clock(start, speed, time.monotonic)

    def scope(self, now: float, say: Callable[[str], None] = lambda _: None) -> Scope:
        """What is watched."""
        watches = [Watch(country) for country in self.only]
        if self.watch is not None:
            watches, over = read_watches(self.watch, now)
            for sentence in over:
                say(sentence)
        return Scope(countries(watches), networks(watches, named(countries(watches))), services(watches))

    def archive(self, collector: str) -> Archive:
        """The MRT archive of a collector."""
        found = archive_of(collector)
        return found._replace(url=_named("--url", self.url, ARCHIVE).get(ARCHIVE, found.url))

    def pulse(self, clock: Clock) -> Callable[[], None]:
        """What is done several times a minute: a sign of life, and `OverError` once a watch has expired."""
        watches = read_watches(self.watch, clock.now())[0] if self.watch is not None else []
        until = min((watch.until for watch in watches), default=float("inf"))

        def pulsed() -> None:
            self.alive()
            if clock.now() >= until:
                raise OverError

        return pulsed

    def alive(self) -> None:
        """Leave a sign of life in the folder for its state, for the supervisor of the process."""
        if self.state is not None:
            with contextlib.suppress(OSError):  # of a full disk
                self.state.mkdir(parents=True, exist_ok=True)
                (self.state / "alive").touch()

    def clients(
        self, scope: Scope, clock: Clock, environment: Mapping[str, str], brief: bool = False
    ) -> dict[str, Client]:
        """A client for each feed; one that lacks its token, or what it needs beside, says so until it is there.

        ``brief``: only to see whether it gives something: without the MRT archive, and one place of a polled feed.
        """
        urls, files = _named("--url", self.url, ARCHIVE), _named("--token", self.token)
        made: dict[str, Client] = {}
        for feed in dict.fromkeys([feed for feed in self.feeds if feed in CLIENTS] or CLIENTS):
            live = CLIENTS[feed]
            if brief and feed in POLLED:
                live = live._replace(make=partial(Poller, POLLED[feed].of_one_place()))
            token = partial(_token, feed, files.get(feed, ""), environment)
            token()  # what is wrong is said at once
            cache = self.state / "cache" if self.state is not None else None
            archive = urls.get(ARCHIVE, "" if feed in urls else live.archive) if not brief else ""
            access = Access(urls.get(feed, live.url), "", cache, archive)
            made[feed] = Later(feed, live, scope, access, clock, token)
        return made

    def kept(self, clients: dict[str, Client], scope: Scope) -> dict[str, Client]:
        """The same clients; where there is a folder, the rows of those that can be asked again are kept in it."""
        folder = self.state
        if folder is None:
            return clients
        return {
            feed: client if feed in BGP_FEEDS else Remembering(client, folder / f"{feed}.frames", scope)
            for feed, client in clients.items()
        }


class Later:
    """A client that is made when it is first used: what it lacks may come meanwhile, and holds no other feed."""

    def __init__(
        self, feed: str, live: Live, scope: Scope, access: Access, clock: Clock, token: Callable[[], str]
    ) -> None:
        self.feed, self.live, self.scope, self.access, self.clock, self.token = feed, live, scope, access, clock, token
        self.patience = HEARTBEAT
        self.made: Client | None = None

    def _client(self) -> Client:
        if self.made is None:
            try:
                token = self.token()
                if self.live.needs_token and not token:
                    way = f"give --token {self.feed}=FILE, or the file in {_variable(self.feed)}"
                    raise FeedError(f"it needs a token: {way}")
                self.made = self.live.make(self.scope, replace(self.access, token=token), self.clock)
            except UserError as error:
                raise FeedError(str(error)) from None
            self.patience = self.made.patience
        return self.made

    async def history(self, start: int, end: int) -> AsyncIterator[Item]:
        async for item in self._client().history(start, end):
            yield item

    async def listen(self, outlet: Outlet) -> None:
        await self._client().listen(outlet)


def _variable(feed: str) -> str:
    return TOKEN.format(feed.upper().replace("-", "_"))


def _named(option: str, given: Sequence[str], *more: str) -> dict[str, str]:
    """The values of an option ``FEED=VALUE``."""
    found = {}
    for text in given:
        feed, is_pair, value = text.partition("=")
        if not is_pair or not value or feed not in (*CLIENTS, *more):
            raise UserError(f"{option} {text.partition('?')[0]!r} is not FEED=..., with FEED of {', '.join(CLIENTS)}")
        if option == "--url" and not urlsplit(value).netloc:
            raise UserError(
                f"{option} {text.partition('?')[0]!r} has no address of a server, as {feed}=https://example.org"
            )
        found[feed] = value
    return found


def _token(feed: str, file: str, environment: Mapping[str, str]) -> str:
    """The token in the file that the option names, else the environment; '' where that file is absent."""
    path = file or environment.get(_variable(feed), "")
    try:
        return Path(path).read_text().strip() if path else ""
    except (OSError, ValueError) as error:
        if file or not isinstance(error, FileNotFoundError):
            where = f"--token {feed}={file}" if file else f"{_variable(feed)}={path}"
            raise UserError(f"{where!r}: {getattr(error, 'strerror', None) or 'it is no text'}") from error
        return ""


def check_history(days: float) -> None:
    """UserError where so much of the past cannot be asked for."""
    if not 0 <= days <= 366:
        raise UserError(f"--history {days:g} is not between 0 and 366 days")


def ingest(options: Options, history: float, broker: str, quiet: bool = False) -> None:
    """Send what the feeds give to Kafka until told to stop, or nothing is left to watch; UserError where it takes
    nothing.

    Where Kafka is lost later, the exit code is 1: its supervisor starts it again.
    """
    options.check()
    check_history(history)
    address, security = parse(broker), from_environment(os.environ)
    say, clock = sayer(quiet), options.time()
    options.clients(options.scope(clock.now()), clock, os.environ)  # what is wrong is said at once
    say(f"waiting for the broker at {address}")
    create(address, every(FEEDS), security, patience=120)

    async def run() -> None:
        scope = options.scope(clock.now(), say)
        clients = options.kept(options.clients(scope, clock, os.environ), scope)
        before = last_beats(address, [feed for feed in clients if feed not in BGP_FEEDS], security)
        since = min((beat.run.since for beat in before.values()), default=int(clock.now()))
        async with ToKafka(address, security) as send:
            desks = desks_of(clients, since, send, clock, scope, say)
            for feed, beat in before.items():
                desks[feed].time = beat.time
            await _supervised(Supervisor(desks, clients, clock, int(history * DAY), pulsed=options.pulse(clock)), say)

    while True:
        try:
            return until_told(run())
        except OverError:  # the watches that are left go on
            continue
        except SendError as error:
            sys.exit(f"netvigil: {error}")


def record(options: Options, path: Path, quiet: bool = False) -> None:
    """Write what the feeds give into an archive that can be replayed, until told to stop."""
    options.check()
    say, clock = sayer(quiet), options.time()
    scope = options.scope(clock.now(), say)
    clients, recorder = options.clients(scope, clock, os.environ), Recorder(path)

    async def send(frames: list[Sent]) -> None:
        try:
            for frame in frames:
                recorder.write(frame)
        except UserError as error:
            raise SendError(str(error)) from error

    desks = desks_of(clients, int(clock.now()), send, clock, scope, say)
    try:
        until_told(_supervised(Supervisor(desks, clients, clock, history=0, pulsed=options.pulse(clock)), say))
    except OverError:
        say("a watch has expired: the recording ends")
    finally:
        recorder.close()
    if any(desk.read for desk in desks.values()):
        say(f"to see what came of it: netvigil replay {path}")
    else:
        say(f"nothing came: {path} has no record of this time")


async def _supervised(supervisor: Supervisor, say: Callable[[str], None]) -> None:
    say(f"at work for {', '.join(supervisor.clients)}")
    try:
        await supervisor.run()
    finally:
        for client in supervisor.clients.values():
            if isinstance(client, Remembering):
                client.close()
        for desk in supervisor.desks.values():
            say(f"{desk.feed}: {desk.read:,} records read, {desk.dead:,} pieces of no use")


def sayer(quiet: bool) -> Callable[[str], None]:
    """Says sentences to a person, or nothing."""

    def say(sentence: str) -> None:
        if not quiet:
            sys.stderr.write(f"netvigil: {sentence}\n")
            sys.stderr.flush()

    return say


def desks_of(
    clients: dict[str, Client], since: int, send: Send, clock: Clock, scope: Scope, say: Callable[[str], None]
) -> dict[str, Desk]:
    """An outlet for each client, all in the live run, which began at an event time [s]."""
    signals = tuple(sorted({signal for feed in clients for signal in FEEDS[feed].signals}))
    run = Run(LIVE, "live", signals, since, scope.countries)
    known = tuple(entity for entity in scope.networks if entity.country)
    return {feed: Desk(feed, run, FEEDS[feed].signals, send, clock, known, say) for feed in clients}


def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it is done or fails, or a signal ends it."""
    asyncio.run(_until_told(work))


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(Daemons(2))  # each thread keeps memory of its own: one reads, one parses
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


class Daemons(ThreadPoolExecutor):
    """So many threads, for which a process that ends does not wait: a whole table is read in one call."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count
        self.calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        for _ in range(count):
            Thread(target=self._work, daemon=True).start()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.put((future, partial(call, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Idle threads end; what is at work is left to itself."""
        for _ in range(self.count):
            self.calls.put(None)

    def _work(self) -> None:
        while given := self.calls.get():
            future, call = given
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)
            del given, future, call
