"""``netvigil watch``: broker, worker and ingest on this machine, and what they find in the terminal and on a page."""

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import msgspec
import uvicorn
from rich.console import Console
from rich.live import Live
from starlette.applications import Starlette

from pipeline import topics
from pipeline.codec import decode, outage_from
from pipeline.errors import UserError
from pipeline.feeds import FEEDS
from pipeline.feeds.live.base import Clock
from pipeline.feeds.live.registry import CLIENTS
from pipeline.files import check_writable, written
from pipeline.geo.countries import is_country, not_a_country
from pipeline.geo.places import Places, cache
from pipeline.geo.registries import fetch_places
from pipeline.ingest.command import Options, check_history
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import Server, running
from pipeline.kafka.reader import Reader
from pipeline.records import DEAD, DeadLetter, Outage, Progress, Verdicts
from pipeline.replay.through_kafka import still_there, stoppable
from pipeline.settings.read import chosen
from pipeline.settings.watching import Watch, countries, read_watches
from pipeline.signals.binning import FeedStatus
from pipeline.state import LIVE
from pipeline.watch.children import Children
from pipeline.watch.page import Page
from pipeline.watch.picture import Picture, View
from pipeline.watch.sending import Sending, receivers
from pipeline.watch.terminal import Changes, screen

TOLD = topics.VERDICTS, topics.NOW, topics.OUTAGES, topics.STATUS, topics.DEADLETTERS, topics.PROGRESS
READ = [topic.name for topic in TOLD]
MOST = 2 * 2**30  # memory of the embedded broker, which keeps every message, at which all begins anew [bytes]
LEAST = 3600.0  # and how long one is used at least: the past alone may fill it [s]
KEEP = 60.0  # how often the outages are written down for the next start where none changes [s]
LOOK = 0.5  # how long is waited for news, and how often the picture is made anew [s]


@dataclass(frozen=True)
class Asked:
    """What a person asks of a watch; see `pipeline.cli.arguments`."""

    targets: tuple[str, ...]
    url: tuple[str, ...] = ()
    token: tuple[str, ...] = ()
    history: float = 28
    state: Path | None = None
    settings: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    clock: str = ""
    notify: tuple[str, ...] = ()

    def options(self) -> Options:
        """The same for ingest; UserError where something is wrong."""
        files = [target for target in self.targets if target.endswith(".toml")]
        if files and len(self.targets) > 1:
            raise UserError(f"{files[0]!r} stands beside {len(self.targets) - 1} more: give one file, or countries")
        for word in () if files else self.targets:
            if not is_country(word.upper()):
                raise UserError(f"{word!r}: {not_a_country(word)}")
        only = () if files else tuple(target.upper() for target in self.targets)
        options = Options(
            tuple(CLIENTS), self.url, self.token, only, Path(files[0]) if files else None, None, self.clock
        )
        options.check()
        options.scope(options.time().now())
        return replace(options, state=self.folder())

    def folder(self) -> Path:
        """Where the watch keeps what it has read."""
        if self.state is not None:
            return self.state
        home = os.environ.get("XDG_STATE_HOME") or Path(os.environ.get("HOME", "~")).expanduser() / ".local" / "state"
        names = [_name(Path(target)) if target.endswith(".toml") else target.upper() for target in self.targets]
        return Path(home) / "netvigil" / f"watch-{'-'.join(names)}"

    def snapshots(self) -> Path:
        """Where the worker keeps its snapshots: the embedded broker would keep each of them in memory."""
        return self.folder() / "snapshots"


def _name(file: Path) -> str:
    """The name of a file, and what tells it from files of that name in other folders."""
    return f"{file.stem}-{hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:8]}"


def watch(asked: Asked) -> None:
    """Watch until told to stop."""
    if not 0 <= asked.port < 2**16:
        raise UserError(f"--port {asked.port} is not between 1 and {2**16 - 1}, nor 0 for any")
    check_history(asked.history)
    chosen(asked.settings)
    options, console = asked.options(), Console()
    clock = options.time()
    _check(asked, options, clock)  # a mistake is said before anything is fetched
    feeds = tuple(feed for feed in CLIENTS if feed not in topics.BGP_FEEDS or _has_places())
    options = replace(options, feeds=feeds)
    while True:
        try:
            _watch(asked, options, console, clock)
        except FullError:
            console.print("The broker's memory is full: the watch begins anew, from what it has kept.", markup=False)


def _check(asked: Asked, options: Options, clock: Clock) -> None:
    """UserError where a token, a receiver, the folder or the port is of no use."""
    watches = read_watches(options.watch, clock.now())[0] if options.watch else []
    options.clients(options.scope(clock.now()), clock, os.environ)
    with own(asked.folder()) as folder, _listener(asked.host, asked.port):
        check_writable(folder / "outages.json")
        sendings(asked.notify, watches, folder)


class FullError(Exception):
    """The embedded broker has taken as much memory as it may."""


def memory_check(
    broker: Server, most: int = MOST, least: float = LEAST, clock: Callable[[], float] = time.monotonic
) -> Callable[[], None]:
    """A check that raises `FullError` once the broker has more than ``most`` [bytes], after ``least`` [s]."""
    begun = clock()

    def check() -> None:
        if clock() - begun >= least and broker.memory() > most:
            raise FullError

    return check


def _watch(asked: Asked, options: Options, console: Console, clock: Clock) -> None:
    """Watch with one broker, until told to stop or until that is full."""
    scope = options.scope(clock.now(), lambda sentence: console.print(sentence, markup=False))
    watches = read_watches(options.watch, clock.now())[0] if options.watch else []
    picture = Picture(scope.countries, {feed: FEEDS[feed].signals for feed in CLIENTS}, scope.networks)
    for feed in CLIENTS.keys() - options.feeds:
        reason = "the table of addresses and countries could not be fetched: later, `netvigil places`"
        picture.take(FeedStatus(LIVE, "live", feed, DEAD, None, reason))
    board = Board(picture.view(clock.now()))
    with ExitStack() as stack:
        stopped = stack.enter_context(stoppable())
        folder = stack.enter_context(own(asked.folder()))
        kept = folder / "outages.json"
        picture.before = _before(kept)
        keep = stack.enter_context(Every(KEEP, lambda: _keep(kept, picture.kept(clock.now()))))
        page = Page(lambda: board.view, clock.now, names(asked.host), watches).application()
        where = stack.enter_context(serving(page, asked.host, asked.port))
        told = [stack.enter_context(sending) for sending in sendings(asked.notify, watches, folder)]
        console.print(f"The page: {where}\nWhat is read is kept in {folder}", markup=False, soft_wrap=True)
        server = stack.enter_context(running())
        broker = server.address
        shutil.rmtree(asked.snapshots(), ignore_errors=True)  # their offsets are those of an earlier broker
        create(broker, topics.every(FEEDS))
        reader = stack.enter_context(Reader(broker, READ, run=LIVE))
        children = stack.enter_context(Children(folder))
        children.start("worker", lambda: _worker(asked, options, broker))
        children.start("ingest", lambda: _ingest(asked, options, broker, clock))
        show = stack.enter_context(_shown(console, where))
        checks = (
            stopped, children.check, still_there(broker), keep, lambda: expire(picture, watches, clock.now()),
            memory_check(server),
        )  # fmt: skip

        def see(view: View) -> None:
            for sending in told:
                sending.see(view)
            notes = [children.note, keep.note, *(sending.note for sending in told)]
            show(view, "; ".join(filter(None, notes)))

        _follow(reader, picture, board, clock, checks, keep, see)


def sendings(notify: Sequence[str], watches: Sequence[Watch], folder: Path) -> list[Sending]:
    """Who is told of all countries, and who of that of a watch alone."""
    made = [Sending(receivers(notify), folder / "told.json")] if notify else []
    for watch in watches:
        if watch.notify:
            to = receivers(watch.notify, "notify")
            made.append(Sending(to, folder / f"told-{watch.country}.json", (watch.country,)))
    return made


def _before(path: Path) -> list[Outage]:
    """The outages of the watch before: its broker had no disk, and their ids go on."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Outage])
    except (OSError, msgspec.DecodeError):
        return []


def _keep(path: Path, outages: list[Outage]) -> None:
    with written(path) as file:
        file.write(msgspec.json.encode(outages))


@dataclass
class Every:
    """Acts so often [s], and in the end; ``note``: why it could not, '' where it could."""

    seconds: float
    act: Callable[[], None]
    note: str = ""

    def __enter__(self) -> "Every":
        self.due = time.monotonic() + self.seconds
        return self

    def __call__(self) -> None:
        if time.monotonic() >= self.due:
            self.at_once()

    def __exit__(self, *_: object) -> None:
        self.at_once()

    def at_once(self) -> None:
        self.due = time.monotonic() + self.seconds
        try:
            self.act()
            self.note = ""
        except UserError as error:  # a full disk ends no watch
            self.note = str(error)


@dataclass
class Board:
    """Where the newest view stands for the page, which another thread serves."""

    view: View


def _follow(
    reader: Reader, picture: Picture, board: Board, clock: Clock, checks: tuple[Callable[[], None], ...],
    keep: Every, show: Callable[[View], None],
) -> None:  # fmt: skip
    """Take in what comes, and show it, until a check raises; no outage is shown that a kill would undo."""
    due = 0.0
    while True:
        for check in checks:
            check()
        for topic, value in reader.poll(LOOK, float("inf")):
            take(picture, topic, value)
        if time.monotonic() >= due:
            view = picture.view(clock.now())
            if view.outages != board.view.outages:
                keep.at_once()
            board.view = view
            show(view)
            due = time.monotonic() + LOOK


def expire(picture: Picture, watches: Sequence[Watch], now: float) -> None:
    """Leave out what is watched no more; UserError where nothing is left.  Countries by themselves never expire."""
    if watches:
        picture.countries = countries(watch for watch in watches if watch.is_on(now) is not None)
        if not picture.countries:
            raise UserError("every watch of the file has expired: the watch is over")


def take(picture: Picture, topic: str, value: bytes) -> None:
    """Take in a message."""
    if topic == topics.NOW.name:
        picture.take_now(outage_from(value), msgspec.json.decode(value, type=Provisional).settled)
    elif topic == topics.OUTAGES.name:
        picture.take(outage_from(value))
    elif topic == topics.STATUS.name:
        picture.take(msgspec.json.decode(value, type=FeedStatus))
    elif topic == topics.DEADLETTERS.name:
        picture.take(msgspec.json.decode(value, type=DeadLetter))
    elif topic == topics.PROGRESS.name:
        picture.take(msgspec.json.decode(value, type=Progress))
    else:
        picture.take(cast(Verdicts, decode(value)))


class Provisional(msgspec.Struct):
    """What a message of `topics.NOW` has beside the outage: its id in the settled record."""

    settled: str = ""


def _worker(asked: Asked, options: Options, broker: str) -> list[str]:
    feeds = [word for feed in options.feeds for word in ("--feed", feed)]
    settings = ["--settings", str(asked.settings)] if asked.settings else []
    watched = ["--watch", str(options.watch)] if options.watch else []
    snapshots = ["--snapshots", str(asked.snapshots())]
    return ["worker", "--broker", f"kafka://{broker}", "--quiet", *snapshots, *feeds, *settings, *watched]


def _ingest(asked: Asked, options: Options, broker: str, clock: Clock) -> list[str]:
    pairs = [("--url", options.url), ("--token", options.token), ("--only", options.only)]
    more = [word for option, values in pairs for value in values for word in (option, value)]
    more += ["--watch", str(options.watch)] if options.watch else []
    more += ["--clock", f"{clock.now()},{clock.speed}"] if asked.clock else []  # at a restart it is later
    fixed = ["--broker", f"kafka://{broker}", "--history", f"{asked.history:g}", "--state", str(options.state)]
    return ["ingest", *options.feeds, *fixed, *more]


def _has_places() -> bool:
    """Whether there is a table of addresses and countries, which routes are counted with; it is fetched once."""
    try:
        Places.load()
    except UserError:
        sys.stderr.write("netvigil: fetching the table of addresses and countries, which takes a minute, once\n")
        try:
            fetch_places("registries", [], cache())
        except UserError:
            return False
    return True


@contextmanager
def own(folder: Path) -> Iterator[Path]:
    """The folder of the watch, which no other watch may use meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise UserError(f"--state {str(folder)!r} cannot be the folder of the watch: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another watch uses {folder}: give this one another --state") from None
        yield folder


def names(host: str) -> list[str]:
    """Names by which the page may be asked: on this machine only its own, else another site could read it."""
    return ["127.0.0.1", "localhost", "[::1]"] if _is_local(host) else ["*"]


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def serving(page: Starlette, host: str, port: int) -> Iterator[str]:
    """Serve the page in a thread; gives its address."""
    with _listener(host, port) as listener:
        server = uvicorn.Server(uvicorn.Config(page, log_level="error", access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(3)


def _listener(host: str, port: int) -> socket.socket:
    """A socket that listens there; UserError where it cannot."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address, family=family)
    except (OSError, UnicodeError) as error:  # a name that cannot be one is the second
        said, other = getattr(error, "strerror", None) or error, "--port"
        if not isinstance(error, OSError) or error.errno not in (errno.EADDRINUSE, errno.EACCES):
            other = "--host"
        raise UserError(f"the page cannot be served on {host}:{port}: {said}; choose another {other}") from None


@contextmanager
def _shown(console: Console, where: str) -> Iterator[Callable[[View, str], None]]:
    """How a view is shown: a live table, or a line for each change where the output is no terminal."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
            yield lambda view, note: live.update(screen(view, console.width, console.height, where, note), refresh=True)
        return
    changes, notes = Changes(), [""]

    def lines(view: View, note: str) -> None:
        for line in changes.lines(view):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if note != notes[-1]:
            notes[-1] = note
            console.print(note, markup=False, highlight=False, soft_wrap=True)
        console.file.flush()

    yield lines
