"""``netvigil evaluate``: cases through every detector, and what came of it as a table, JSON or a report."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from detectors import REGISTRY
from pipeline.engine import Engine
from pipeline.errors import UserError, gave_up, printable, refuses
from pipeline.evaluation.asjson import as_json
from pipeline.evaluation.cases import TOLERANCES, Case, read_cases
from pipeline.evaluation.judged import OURS, Judged, judge_all, played
from pipeline.evaluation.sweep import Point, steps, sweep
from pipeline.evaluation.tables import show, show_sweep
from pipeline.explain.text import counted
from pipeline.files import check_not_read, check_writable, written
from pipeline.settings import Settings
from pipeline.settings.read import read_settings


@dataclass(frozen=True)
class Options:
    """What an evaluation was asked for; see `pipeline.cli.arguments`."""

    detectors: tuple[str, ...] = ()
    as_json: bool = False
    report: Path | None = None
    sweep: bool = False
    settings: Path | None = None

    def check(self) -> None:
        """Raise `UserError` where they make no sense."""
        for name in self.detectors:
            if name not in (OURS, *REGISTRY):
                raise UserError(f"--detector {name!r} is not one of: {', '.join((OURS, *REGISTRY))}")
        check_not_read(self.report, self.settings)
        if self.report is not None:
            check_writable(self.report)

    def check_apart(self, cases: Iterable[Case]) -> None:
        """Raise `UserError` where a file of a case would be written over."""
        read = [file for case in cases for file in (*case.folder.iterdir(), case.folder.absolute().parent / TOLERANCES)]
        if self.report and any(file.exists() and self.report.exists() and self.report.samefile(file) for file in read):
            raise UserError(f"{str(self.report)!r} is a file of a case: it would be written over")

    def chosen(self) -> Settings:
        """The settings of the file, or those that stand."""
        return Settings() if self.settings is None else read_settings(self.settings)

    def judges(self) -> list[str]:
        """Whom to ask: ours, and beside it those that were named, or all."""
        return list(dict.fromkeys((OURS, *(self.detectors or REGISTRY))))


def evaluate(folders: Iterable[str], options: Options) -> int:
    """Judge cases and show the account; 1 where a file was given up, or a series refused.

    Raises
    ------
    UserError
        Where nothing can be judged; of one case among others after the account of these.
    """
    options.check()
    settings = options.chosen()
    cases = read_cases(folders)
    options.check_apart(cases)
    console = Console(stderr=options.as_json)
    judges, engine = options.judges(), Engine(settings)
    if unread := [error for case in cases if (error := _unreadable(case, engine))]:
        raise _all_of(unread)  # before an hour of judging, not after
    failed: list[UserError] = []
    judged = list(progressing(console, cases, judges, engine, failed))
    if not judged:
        raise _all_of(failed)
    cases = [case for case in cases if any(one.case == case for one in judged)]
    points = list(sweeping(console, cases, judges, engine)) if options.sweep else []
    try:
        if options.as_json:
            sys.stdout.write(as_json(judged, points))
        else:
            show(console, judged)
            show_sweep(console, points)
    finally:  # who closes the pipe in the midst of the tables has the report nevertheless
        if options.report is not None:
            _leave(console, options.report, judged, points)
    if failed:
        raise _all_of(failed)
    return int(any(gave_up(letter.reason) or refuses(letter.reason) for one in judged for letter in one.dead))


def _unreadable(case: Case, engine: Engine) -> UserError | None:
    """Why a case cannot be read, where its head says so."""
    try:
        played(case, engine)
    except UserError as error:
        return error
    return None


def _all_of(failed: Iterable[UserError]) -> UserError:
    return UserError("; ".join(map(str, failed)))


def _leave(console: Console, path: Path, judged: list[Judged], points: list[Point]) -> None:
    """Write the report; matplotlib takes a second to begin, whoever wants none shall not wait for it."""
    from pipeline.evaluation.report import report

    with console.status(f"drawing {path} ..."):
        page = report(judged, points)
        with written(path) as file:
            file.write(page.encode())
    console.print(f"left in {path}", soft_wrap=True, markup=False, highlight=False)


def progressing(
    console: Console, cases: list[Case], judges: list[str], engine: Engine, failed: list[UserError]
) -> Iterator[Judged]:
    """Every case by every judge, with a bar where somebody looks, and else a line for each case; ``failed`` takes why a
    case could not be judged."""
    with _progress(console) as progress:
        bar = progress.add_task("", total=len(cases) * len(judges))

        def reached(at: int, name: str, share: float) -> None:
            done = at * len(judges) + judges.index(name) + share
            progress.update(bar, completed=done, description=f"{printable(cases[at].name)}: {name}")

        for at, case in enumerate(cases):
            by = f" by {counted(len(judges), 'detector')}" if judges != [OURS] else ""
            _log(console, f"{printable(case.name)}: judging{by}, {at + 1} of {len(cases)}")
            try:
                whole = list(judge_all(case, judges, engine, partial(reached, at)))
            except UserError as error:
                failed.append(error)
            else:
                yield from whole


def sweeping(console: Console, cases: list[Case], judges: list[str], engine: Engine) -> Iterator[Point]:
    """The same with every threshold at every value."""
    with _progress(console) as progress:
        whole = len(steps(judges, engine.settings.fusing.confirm))
        bar, runs = progress.add_task("", total=len(cases) * whole), count(1)

        def reached(name: str, value: float) -> None:
            progress.update(bar, advance=1, description=f"{name} at {value:g}")
            if (run := next(runs)) % len(cases) == 0:
                _log(console, f"{name} at {value:g}: judged, {run // len(cases)} of {whole}")

        yield from sweep(cases, judges, engine, reached)


def _log(console: Console, line: str) -> None:
    """How far it is, on standard error, where no bar is seen: a night's log tells it too.  Nobody need read it."""
    if not console.is_terminal:
        with suppress(BrokenPipeError):
            sys.stderr.write(f"{line}\n")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
