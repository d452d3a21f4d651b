"""What the commands do, between the arguments and the parts that do the work."""

import io
import itertools
import os
import shutil
import sys
import textwrap
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline import topics
from pipeline.bins import DAY, NEVER
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.explain.summary import tell
from pipeline.explain.terminal import Watching
from pipeline.explain.text import counted
from pipeline.feeds import FEEDS, Recording, chunks, recordings
from pipeline.files import check_not_read, check_writable, written
from pipeline.fusion import Fused
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.groups import judges, own_group
from pipeline.kafka.security import PLAIN, from_environment, parse
from pipeline.records import TENSES, Outage, Run
from pipeline.replay.playback import Pace, Playback, piece
from pipeline.replay.report import ReplayReport, See, through_memory
from pipeline.replay.through_kafka import still_there, through_kafka, workers
from pipeline.serve.openmetrics import History
from pipeline.settings import Settings
from pipeline.settings.read import chosen
from pipeline.settings.watching import read_watches, with_days

if TYPE_CHECKING:
    from pipeline.ingest.command import Options


@dataclass(frozen=True)
class ReplayOptions:
    """The options of a replay; see `pipeline.cli.arguments`."""

    speed: str = "max"
    through: str = "memory"
    broker: str = ""
    tense: str = "replay"
    workers: int = -1
    outages: Path | None = None
    metrics: Path | None = None
    as_json: bool = False
    settings: Path | None = None
    group: str = ""
    why: bool = False

    def check(self) -> None:
        if self.through not in ("memory", "kafka"):
            raise UserError(f"--through {self.through!r} is neither memory nor kafka")
        if self.tense not in TENSES:
            raise UserError(f"--tense {self.tense!r} is none of {', '.join(TENSES)}")
        if self.broker and self.through != "kafka":
            raise UserError(f"--broker {self.broker!r} needs --through kafka")
        if self.group and not self.broker:
            raise UserError(f"--group {self.group!r} needs --through kafka and --broker")
        if self.tense != "replay" and not self.broker:
            raise UserError(f"--tense {self.tense!r} needs --through kafka and --broker: only its workers notify")
        if self.workers < -1:
            raise UserError(f"--workers {self.workers} is below 0")
        if self.workers >= 0 and self.through != "kafka":
            raise UserError(f"--workers {self.workers} needs --through kafka: a replay in memory starts none")
        if self.metrics and self.through != "memory":
            raise UserError(f"--metrics {str(self.metrics)!r} needs --through memory")
        chosen(self.settings)
        for path in (self.outages, self.metrics):
            check_not_read(path, self.settings)
        if self.outages and self.metrics and self.outages.resolve() == self.metrics.resolve():
            raise UserError(
                f"--outages and --metrics are both {str(self.outages)!r}: one would be written over the other"
            )
        for path in (self.outages, self.metrics):
            if path is not None:
                check_writable(path)

    def check_apart(self, sources: Iterable[str]) -> None:
        """No recording may be written over."""
        read = [file for source in map(Path, sources) for file in (source, *source.glob("*"))]
        for path in (self.outages, self.metrics):
            if path is not None and any(path.exists() and file.exists() and path.samefile(file) for file in read):
                raise UserError(f"{str(path)!r} is a recording that is replayed: it would be written over")

    def pace(self) -> float | None:
        """Seconds of event time to a second, None for as fast as it goes."""
        if self.speed == "max":
            return None
        try:
            speed = float(self.speed)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            raise UserError(f"--speed {self.speed!r} is neither a number above 0 nor max")
        return speed


def replay(paths: list[str], options: ReplayOptions) -> int:
    """Replay recordings and show what came of them; the exit code is that of `exit_code`."""
    options.check()
    options.check_apart(paths)
    pace = options.pace()
    found = recordings(paths, DAY if pace is None else piece(pace))
    playback = Playback(found, _run(found, options.tense), Pace(pace) if pace is not None else None)
    console = Console(stderr=options.as_json)
    history = History() if options.metrics is not None else None  # most of the work

    def see(output: object) -> None:
        if history is not None and isinstance(output, Fused):
            history.observe(output.verdicts, output.bin)
        elif history is not None and isinstance(output, Outage):
            history.outage(output)

    ends = [recording.end for recording in found]  # a recording that is read only as it goes has none
    report = _watched(console, playback, options, see, max(ends) if min(ends, default=NEVER) > NEVER else None)
    files = options.outages is not None or options.metrics is not None
    try:
        code = tell(
            console, report, chosen(options.settings).calendar.days, options.as_json, options.why, reserved=int(files)
        )
    finally:  # a full disk takes no answer away, and a closed pipe no file
        if files:
            said = "; ".join(_save(console, options, report, history))
            console.print(said, soft_wrap=True, markup=False, highlight=False)
    return code


def _save(console: Console, options: ReplayOptions, report: ReplayReport, history: History | None) -> Iterator[str]:
    """Write the files that were asked for, and say so."""
    if options.outages is not None:
        with written(options.outages) as file:
            file.write(report.lines())
        yield f"wrote {counted(len(report.outages), 'outage')} to {options.outages}"
    if options.metrics is not None and history is not None:
        with (
            console.status(f"writing {options.metrics} ..."),
            written(options.metrics) as file,
            io.TextIOWrapper(file, encoding="utf-8") as text,
        ):
            samples = history.write(text)
        yield f"wrote {counted(samples, 'sample')} to {options.metrics}"


def _run(found: Sequence[Recording], tense: str) -> Run:
    signals = sorted({signal for recording in found for signal in recording.signals})
    only = sorted({country for recording in found for country in recording.only})
    return Run(f"{tense}-{uuid.uuid4().hex[:12]}", tense, tuple(signals), only=tuple(only))


def _watched(
    console: Console, playback: Playback, options: ReplayOptions, see: See, end: int | None = None,
    verdicts: bool = True,
) -> ReplayReport:  # fmt: skip
    """With a live table; ``end`` [s], if known; ``verdicts`` of workers are most of what travels."""
    report = ReplayReport.of(playback)
    with Watching(console, report, end):
        if options.through == "memory":
            return through_memory(playback, Engine(chosen(options.settings)), playback.run, see, report)
        return _with_broker(playback, options, see, report, verdicts)


def _with_broker(
    playback: Playback, options: ReplayOptions, see: See, report: ReplayReport, verdicts: bool
) -> ReplayReport:
    """With workers of our own where none are."""
    with ExitStack() as stack:
        security = from_environment(os.environ) if options.broker else PLAIN
        broker = parse(options.broker) if options.broker else stack.enter_context(embedded())
        count = abs(options.workers)
        if options.broker and judges(broker, security, options.group, options.workers):
            count = 0
        if count and options.tense != "replay":  # the metrics of its own workers are not scraped
            raise UserError(f"--tense {options.tense!r}: no worker is at {broker}, so nothing would be notified")
        if options.settings and not count:
            raise UserError(f"--settings {str(options.settings)!r} is for workers of this replay: it starts none")
        create(broker, topics.every(FEEDS), security)
        more = [word for feed in playback.feeds for word in ("--feed", feed)]
        more += ["--settings", str(options.settings)] if options.settings else []
        group = ""
        if options.broker and count:
            clock = time.time  # noqa: TID251 (the name of a group says when it began; nothing is decided by it)
            group = stack.enter_context(own_group(broker, playback.run.id, playback.feeds, security, clock))
            more += ["--group", group]
        alive = stack.enter_context(workers(count, broker, "--tense", options.tense, *more))
        checks = (alive,) if options.broker else (alive, still_there(broker))
        return through_kafka(playback, broker, security, see, checks, group, report, verdicts)


DEMO_DAY = 8.0
"""How long the demo's election day takes [s]."""


def demo(seed: int, folder: Path | None, settings: Path | None, why: bool) -> None:
    """The reconstruction through an embedded broker and a worker."""
    from pipeline.replay.reconstruction import FILES, about, check_own, reconstruct, write

    if seed < 0:
        raise UserError(f"--seed {seed} is below 0")
    options = ReplayOptions(through="kafka", settings=settings)
    options.check()
    made = reconstruct(seed)
    if folder is not None:
        check_own(folder)
        write(made, folder)
    console = Console()
    console.print(f"[bold]A {made.title}[/bold]")
    if folder is not None:
        console.print(f"wrote {', '.join(FILES)} to {folder}")
    for line in about(made).partition("\n\n")[2].splitlines() if why else ():
        console.print(textwrap.fill(line, console.width, subsequent_indent="  "), style="dim")
    signals = tuple(rows.signal for rows in made.rows)
    end = max(int(rows.time[-1]) + rows.width for rows in made.rows)
    # the weeks before as fast as it goes, then the day itself as one watches it
    weeks, day = ([rows.take((rows.time >= end - DAY) == late) for rows in made.rows] for late in (False, True))
    recording = Recording("table", signals, itertools.chain(chunks(weeks), chunks(day, DAY // 48)))
    pace = Pace(DAY / DEMO_DAY, since=end - DAY)
    playback = Playback([recording], _run([recording], "replay"), pace)
    report = _watched(console, playback, options, lambda _: None, end, verdicts=False)
    tell(console, report, chosen(settings).calendar.days, why=why, closing=_next())


def _next() -> tuple[str, ...]:
    called = Path(sys.argv[0])
    name = str(called) if called.name == "netvigil" and shutil.which("netvigil") is None else "netvigil"
    return (
        "A reconstruction: these series were made, not measured. To try next:",
        f"  {name} demo --why",
        f"  {name} demo --write pk && {name} replay pk --why",
        f"  {name} replay YOUR-RECORDING",
    )


def inspect(paths: list[str], as_json: bool) -> int:
    """What is in recordings; 1 where something is damaged."""
    import json

    from pipeline.cli.inspect import inspect as look
    from pipeline.cli.inspect import render

    contents = look(paths)
    if as_json:
        sys.stdout.write(json.dumps({"files": [c.plain() for c in contents]}) + "\n")
    else:
        Console().print(render(contents))
    return int(any(c.damaged for c in contents))


def worker(
    broker: str, feeds: list[str], address: tuple[str, int] | None, group: str, tense: str,
    settings: Settings, quiet: bool, watch: Path | None = None, snapshots: Path | None = None,
) -> None:  # fmt: skip
    """Host the path until told to stop."""
    from pipeline.agents.worker import work

    for feed in feeds:
        if feed not in FEEDS:
            raise UserError(f"--feed {feed!r} is none of {', '.join(FEEDS)}")
    if tense not in TENSES:
        raise UserError(f"--tense {tense!r} is none of {', '.join(TENSES)}")
    watches, _ = read_watches(watch, 0) if watch else ([], [])  # past ones too: their days were what they were
    engine = Engine(with_days(settings, watches))

    def say(sentence: str) -> None:
        if not quiet:
            sys.stderr.write(f"netvigil: {sentence}\n")

    feeds = feeds or list(FEEDS)
    work(engine, parse(broker), from_environment(os.environ), feeds, address, group, tense, say, watches, snapshots)


def places(files: list[Path], source: str) -> None:
    """Make the table that says which country an address belongs to."""
    from pipeline.geo.places import cache
    from pipeline.geo.registries import fetch_places

    made = fetch_places(source, files, cache())
    Console().print(f"{len(made):,} address ranges with a country, kept at {cache()}", soft_wrap=True)


def check(
    broker: str, prometheus: str, alertmanager: str, grafana: str, as_json: bool, live: "Options | None" = None,
    notify: Sequence[str] = (),
) -> int:  # fmt: skip
    """What is ready for election day; 1 where something is not, or nothing could be looked at."""
    import json

    from pipeline.cli.check import check as look
    from pipeline.cli.check import is_ready, render

    security = from_environment(os.environ) if broker else PLAIN
    found = look(broker, prometheus, alertmanager, grafana, security, live, notify)
    if as_json:
        told = {"ready": is_ready(found), "findings": [asdict(finding) for finding in found]}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        Console().print(render(found))
    return int(not is_ready(found))
