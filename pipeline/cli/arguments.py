"""The command line: arguments only."""

import ctypes
import errno
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.ingest.command import Options

M_ARENA_MAX = -8
"""What `mallopt` of glibc calls the largest number of heaps (malloc.h)."""

PATHS = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP, errno.EROFS)
"""What the system says of a path that a person gave and that it does not open."""

app = typer.Typer(
    name="netvigil",
    help="Is this country off the Internet, since when, how much of it, how sure are we, and is it over?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Chosen = Annotated[Path | None, typer.Option("--settings", metavar="FILE.toml", help="settings that differ from ours")]
Why = Annotated[bool, typer.Option("--why", help="above the table: the reasons, the doubts, and what was not observed")]
Broker = Annotated[str, typer.Option(metavar="kafka://HOST:PORT", help="Kafka to use instead of the embedded broker")]
Url = Annotated[list[str] | None, typer.Option(metavar="FEED=URL", help="another server for a feed; may be repeated")]
Token = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FEED=FILE", help="file with the feed's token; else, of radar, NETVIGIL_TOKEN_RADAR_FILE names it"
    ),
]
Only = Annotated[list[str] | None, typer.Option(metavar="COUNTRY", help="ask for and keep only these; may be repeated")]
WatchFile = Annotated[
    Path | None, typer.Option("--watch", metavar="FILE", help="watch.toml: countries, networks and services to ask for")
]
State = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="what was fetched is kept in it, and not asked again")
]
Notify = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="whom to tell, as mailto://.. or slack://..; or a file of such; may be repeated"),
]
Rehearsal = Annotated[str, typer.Option("--clock", metavar="START,SPEED", hidden=True)]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"netvigil {version('netvigil')}\n")
        raise typer.Exit


@app.callback()
def netvigil(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say which version this is")
    ] = False,
) -> None:
    """Is this country off the Internet, since when, how much of it, how sure are we, and is it over?"""


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="varies depth, noise and onsets")] = 0,
    write: Annotated[Path | None, typer.Option(help="leave it in this folder, as a case that can be replayed")] = None,
    settings: Chosen = None,
    why: Why = False,
) -> None:
    """Shows a reconstructed shutdown on election day.

    From feed to outage in the terminal, through a broker and a worker.
    """
    from pipeline.cli import commands

    commands.demo(seed, write, settings, why)


@app.command()
def replay(
    source: Annotated[list[str], typer.Argument(help="MRT or RIS Live files, signals.csv[.gz], or a case's folder")],
    speed: Annotated[str, typer.Option(help="seconds of event time to a second of the clock, or max")] = "max",
    through: Annotated[str, typer.Option(help="memory or kafka")] = "memory",
    broker: Broker = "",
    tense: Annotated[
        str,
        typer.Option(
            help="replay: does not notify; drill: notifies, marked; live: as if real (both need workers at --broker)"
        ),
    ] = "replay",
    workers: Annotated[
        int, typer.Option(help="workers to start, for kafka; -1: one, or none where the broker has some")
    ] = -1,
    group: Annotated[
        str, typer.Option(help="workers that are to judge it, where some are at work; they must be of one group")
    ] = "",
    outages: Annotated[Path | None, typer.Option(help="write each outage's last revision, JSON a line")] = None,
    metrics: Annotated[Path | None, typer.Option(help="write OpenMetrics with true timestamps")] = None,
    settings: Chosen = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
    why: Why = False,
) -> None:
    """Sends recordings through the very same code.

    The result is the same every time, however fast it runs.  Exit code 1 where a signal did not show a place
    all the time, a feed was stuck, a file was given up, or nothing at all could be judged.
    """
    from pipeline.cli import commands

    options = commands.ReplayOptions(
        speed, through, broker, tense, workers, outages, metrics, as_json, settings, group, why
    )
    raise typer.Exit(commands.replay(source, options))


@app.command()
def evaluate(
    case: Annotated[list[str], typer.Argument(help="folders with signals.csv[.gz] and labels.csv")],
    detector: Annotated[
        list[str] | None,
        typer.Option(
            help="compare netvigil as shipped with median, burst, ihr, chocolatine, similar_days, "
            "predictive (ours by itself), or with none (ours); give it again for more, leave it out for all"
        ),
    ] = None,
    settings: Chosen = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="write a page with a picture of each label")
    ] = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="and every threshold at many values: takes long")] = False,
) -> None:
    """Holds outages against what is known to have happened.

    Every detector beside ours: what was hit, what was false, how late and how exact.
    """
    from pipeline.evaluation.command import Options
    from pipeline.evaluation.command import evaluate as hold

    raise typer.Exit(hold(case, Options(tuple(detector or ()), as_json, report, sweep, settings)))


@app.command()
def inspect(
    file: Annotated[list[str], typer.Argument(help="recordings")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
) -> None:
    """Says what is in a recording.

    Exit code 1 where something was damaged.
    """
    from pipeline.cli import commands

    raise typer.Exit(commands.inspect(file, as_json))


@app.command()
def worker(
    broker: Annotated[str, typer.Option(metavar="kafka://HOST:PORT", help="Kafka to work for")],
    feed: Annotated[list[str] | None, typer.Option(help="only these feeds; all without")] = None,
    metrics_host: Annotated[str, typer.Option(help="address that metrics are served on")] = "127.0.0.1",
    metrics_port: Annotated[int, typer.Option(help="port that metrics are served on; 0 for none")] = 0,
    group: Annotated[str, typer.Option(help="workers of one name share the work")] = "netvigil",
    tense: Annotated[str, typer.Option(help="the metrics show signals of: live, replay or drill")] = "live",
    settings: Chosen = None,
    silence: Annotated[
        int | None, typer.Option(help="seconds without a heartbeat after which a live feed is dead; 300 by default")
    ] = None,
    watch: WatchFile = None,
    snapshots: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="keep the snapshots here, not in Kafka: for one worker alone")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="say nothing but what goes wrong")] = False,
) -> None:
    """Counts, judges and finds outages; start more to share it."""
    from pipeline.cli import commands

    address = (metrics_host, metrics_port) if metrics_port else None
    chosen = commands.chosen(settings, silence)
    commands.worker(broker, feed or [], address, group, tense, chosen, quiet, watch, snapshots)


@app.command()
def ingest(
    broker: Annotated[str, typer.Option(metavar="kafka://HOST:PORT", help="Kafka to send to")],
    feed: Annotated[list[str] | None, typer.Argument(help="as rislive, ioda-bgp or radar; all without")] = None,
    url: Url = None,
    token: Token = None,
    only: Only = None,
    watch: WatchFile = None,
    history: Annotated[float, typer.Option(help="days of the past that are fetched first")] = 28,
    state: State = None,
    clock: Rehearsal = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="say nothing but what goes wrong")] = False,
) -> None:
    """Listens to live feeds and sends what they give to Kafka.

    The past is fetched first, as far as the feeds keep it.  A feed that fails says why, and is tried again.
    """
    _share_one_heap()
    from pipeline.ingest.command import ingest as run

    run(_live(feed, url, token, only, watch, state, clock), history, broker, quiet)


@app.command()
def watch(
    what: Annotated[list[str], typer.Argument(help="countries by their codes, as PK, or one watch.toml")],
    url: Url = None,
    token: Token = None,
    history: Annotated[float, typer.Option(help="days of the past that are fetched first")] = 28,
    state: State = None,
    settings: Chosen = None,
    host: Annotated[
        str, typer.Option(help="address of the page; it has no login, so 127.0.0.1 keeps it on this machine")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port of the page; 0 for any that is free")] = 8080,
    notify: Notify = None,
    clock: Rehearsal = "",
) -> None:
    """Watches countries from this machine, in the terminal and on a local page.

    It needs no other program: broker, ingest and worker are started, and end with it.  The next start goes on.
    """
    from pipeline.watch.run import Asked
    from pipeline.watch.run import watch as run

    words = tuple(what), tuple(url or ()), tuple(token or ())
    run(Asked(*words, history, state, settings, host, port, clock, tuple(notify or ())))


@app.command()
def record(
    to: Annotated[Path, typer.Option(metavar="FILE", help="the archive; one that is there goes on")],
    feed: Annotated[list[str] | None, typer.Argument(help="as rislive, ioda-bgp or radar; all without")] = None,
    url: Url = None,
    token: Token = None,
    only: Only = None,
    watch: WatchFile = None,
    clock: Rehearsal = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="say nothing but what goes wrong")] = False,
) -> None:
    """Writes what live feeds give into an archive that can be replayed, until it is stopped."""
    from pipeline.ingest.command import record as run

    run(_live(feed, url, token, only, watch, clock=clock), to, quiet)


@app.command()
def fetch(
    window: Annotated[str, typer.Argument(metavar="START/END", help="days or times in UTC, as 2024-02-01/2024-02-10")],
    feed: Annotated[list[str], typer.Argument(help="as ioda-bgp or radar; mrt for routes of the archives")],
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where it is written; else named for the window")
    ] = None,
    collector: Annotated[
        list[str] | None, typer.Option(help="for mrt, as rrc00 or route-views2; may be repeated")
    ] = None,
    url: Url = None,
    token: Token = None,
    only: Only = None,
    watch: WatchFile = None,
    clock: Rehearsal = "",
) -> None:
    """Fetches a past window of the feeds into a folder that can be replayed.

    Exit code 1 where something of it is missing.
    """
    from pipeline.ingest.fetching import fetch as run

    raise typer.Exit(run(_live(feed, url, token, only, watch, clock=clock), window, collector or [], to))


@app.command()
def check(
    broker: Annotated[str, typer.Option(metavar="kafka://HOST:PORT", help="address of Kafka")] = "",
    prometheus: Annotated[str, typer.Option(help="its address, http://HOST:PORT")] = "",
    alertmanager: Annotated[str, typer.Option(help="its address, http://HOST:PORT")] = "",
    grafana: Annotated[str, typer.Option(help="its address, http://HOST:PORT")] = "",
    feed: Annotated[list[str] | None, typer.Option(help="a live feed to ask, or all; may be repeated")] = None,
    url: Url = None,
    token: Token = None,
    only: Only = None,
    watch: WatchFile = None,
    notify: Notify = None,
    clock: Rehearsal = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of a table")] = False,
) -> None:
    """Says what is ready for election day.

    Exit code 1 where something is not.  Only what an address is given for is looked at.
    """
    from pipeline.cli import commands

    if not (broker or prometheus or alertmanager or grafana or feed or notify):
        raise UserError("check needs --broker, --prometheus, --alertmanager or --grafana, or --feed, or --notify")
    live = _live([] if feed == ["all"] else feed, url, token, only, watch, clock=clock) if feed else None
    raise typer.Exit(commands.check(broker, prometheus, alertmanager, grafana, as_json, live, notify or []))


@app.command()
def drill(
    place: Annotated[str, typer.Argument(metavar="[COUNTRY]", help="as PK; else the first of --watch")] = "",
    watch: WatchFile = None,
    notify: Notify = None,
    broker: Annotated[str, typer.Option(metavar="kafka://HOST:PORT", help="address of Kafka")] = "",
    prometheus: Annotated[str, typer.Option(help="its address, http://HOST:PORT")] = "",
    alertmanager: Annotated[str, typer.Option(help="its address, http://HOST:PORT")] = "",
) -> None:
    """Rehearses: a made outage goes the real way to the real receivers.

    By itself, as `watch` does, to those of --notify and of the watch; with three addresses, through what runs there.
    Each hop is said with its time.  Exit code 1 where one fails.
    """
    from pipeline.drill.run import Asked
    from pipeline.drill.run import drill as run

    raise typer.Exit(run(Asked(place, watch, tuple(notify or ()), broker, prometheus, alertmanager)))


@app.command()
def places(
    file: Annotated[list[Path] | None, typer.Argument(help="tables that are there already")] = None,
    source: Annotated[
        str, typer.Option(help="registries (their files of today) or npm (a package; data CC BY 4.0, nro.net)")
    ] = "registries",
) -> None:
    """Makes the table of addresses and countries.

    It says which country an address belongs to; routes are counted with it.
    """
    from pipeline.cli import commands

    commands.places(file or [], source)


def _share_one_heap() -> None:
    """Let all threads have one heap, as heaps of their own keep what is freed; before there are threads, with glibc."""
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


Words = list[str] | None


def _live(
    feeds: Words, url: Words, token: Words, only: Words, watch: Path | None = None, state: Path | None = None,
    clock: str = "",
) -> "Options":  # fmt: skip
    """What a person asks of live feeds."""
    from pipeline.ingest.command import Options

    return Options(tuple(feeds or ()), tuple(url or ()), tuple(token or ()), tuple(only or ()), watch, state, clock)


def main() -> None:
    """Run a command; what a person did wrong is one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a dash shows a question mark
    try:
        app()
    except UserError as error:
        sys.stderr.write(f"netvigil: {error}\n")
        sys.exit(2)
    except MemoryError:
        sys.stderr.write("netvigil: this machine has not enough memory for that; replay smaller files one by one\n")
        sys.exit(2)
    except OSError as error:
        if error.filename is not None and error.errno in PATHS:
            sys.stderr.write(f"netvigil: {error.filename}: {error.strerror}\n")
            sys.exit(2)
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO):
            raise
        sys.stderr.write(f"netvigil: the output cannot be written: {error.strerror}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
