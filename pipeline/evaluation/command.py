"""``netvigil evaluate``: judge cases by every detector, and show the account as tables, JSON or a report."""

import json
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from detectors import REGISTRY
from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.errors import UserError, gave_up, printable, refuses
from pipeline.evaluation.accounting import Answer, Called
from pipeline.evaluation.cases import TOLERANCES, Case, read_cases
from pipeline.evaluation.phrases import other_settings
from pipeline.evaluation.runs import OURS, Judged, Read, judge_all, played
from pipeline.evaluation.sweep import Point, show_sweep, steps, sweep
from pipeline.evaluation.tables import MEDIANS, Total, show, total, totals
from pipeline.explain import no_all_clear
from pipeline.explain.feed_incidents import plain
from pipeline.explain.text import counted
from pipeline.files import check_not_read, check_writable, written
from pipeline.settings.read import chosen


@dataclass(frozen=True)
class Options:
    """The options of the command, see `pipeline.cli.arguments`."""

    detectors: tuple[str, ...] = ()
    as_json: bool = False
    report: Path | None = None
    sweep: bool = False
    settings: Path | None = None

    def check(self) -> None:
        for name in self.detectors:
            if name not in (OURS, *REGISTRY):
                raise UserError(f"--detector {name!r} is not one of: {', '.join((OURS, *REGISTRY))}")
        check_not_read(self.report, self.settings)
        if self.report is not None:
            check_writable(self.report)

    def check_apart(self, cases: Iterable[Case]) -> None:
        """No file of a case may be written over."""
        read = [file for case in cases for file in (*case.folder.iterdir(), case.folder.absolute().parent / TOLERANCES)]
        if self.report and any(file.exists() and self.report.exists() and self.report.samefile(file) for file in read):
            raise UserError(f"{str(self.report)!r} is a file of a case: it would be written over")


def evaluate(folders: Iterable[str], options: Options) -> int:
    """Show the account of cases; 1 where a file was given up or a series refused, UserError where a case failed."""
    options.check()
    engine = Engine(chosen(options.settings))
    cases = read_cases(folders)
    options.check_apart(cases)
    console = Console(stderr=options.as_json)
    judges = list(dict.fromkeys((OURS, *(options.detectors or (OURS, *REGISTRY)))))
    failed: list[UserError] = []
    for case in cases:
        try:
            played(case)
        except UserError as error:
            failed.append(error)  # before an hour of judging, not after
    judged = [] if failed else list(progressing(console, cases, judges, engine, failed))
    if not judged:
        raise UserError("; ".join(map(str, failed)))
    cases = [case for case in cases if any(one.case == case for one in judged)]
    points = list(sweeping(console, cases, judges, engine)) if options.sweep else []
    try:
        if options.as_json:
            sys.stdout.write(as_json(judged, points))
        else:
            show(console, judged)
            show_sweep(console, points)
    finally:  # the report is written also where the pipe of the tables was closed
        if options.report is not None:
            _leave(console, options.report, judged, points)
    if failed:
        raise UserError("; ".join(map(str, failed)))
    return int(any(gave_up(letter.reason) or refuses(letter.reason) for one in judged for letter in one.dead))


def _leave(console: Console, path: Path, judged: list[Judged], points: list[Point]) -> None:
    """Write the report.  Imported here, because matplotlib takes a second to import."""
    from pipeline.evaluation.report import report

    with console.status(f"drawing {path} ..."):
        page = report(judged, points)
        with written(path) as file:
            file.write(page.encode())
    console.print(f"wrote the report to {path}", soft_wrap=True, markup=False, highlight=False)


def progressing(
    console: Console, cases: list[Case], judges: list[str], engine: Engine, failed: list[UserError]
) -> Iterator[Judged]:
    """Every case by every judge; ``failed`` collects why a case could not be judged."""
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
    """The same for every threshold at every value."""
    with _progress(console) as progress:
        whole = len(steps(judges, engine.settings.model.confirm))
        bar, runs = progress.add_task("", total=len(cases) * whole), count(1)

        def reached(name: str, value: float) -> None:
            progress.update(bar, advance=1, description=f"{name} at {value:g}")
            if (run := next(runs)) % len(cases) == 0:
                _log(console, f"{name} at {value:g}: judged, {run // len(cases)} of {whole}")

        yield from sweep(cases, judges, engine, reached)


def _log(console: Console, line: str) -> None:
    if not console.is_terminal:
        with suppress(BrokenPipeError):
            sys.stderr.write(f"{line}\n")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def as_json(judged: Iterable[Judged], swept: Iterable[Point] = ()) -> str:
    """One JSON object in one line: times UTC ISO, durations [s], shares [0-1], null where there is none."""
    judged = list(judged)
    cases = [_case(list(group)) for _, group in groupby(judged, key=lambda one: one.case.name)]
    whole = [_total(made, {"cases": made.cases}) for made in totals(judged)]
    told: dict[str, Any] = {"settings": other_settings(judged), "cases": cases, "totals": whole}
    if points := [point._asdict() for point in swept]:
        told["sweep"] = points
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _case(judged: list[Judged]) -> dict[str, Any]:
    observed, exact = judged[0].account.observed, judged[0].tolerance
    ignored = [{"start": iso(span.start), "end": iso(span.end), "why": why} for span, why in exact.ignored]
    return {
        "case": judged[0].case.name,
        "labels": len(judged[0].case.labels),
        "entities": observed.entities,
        "entity_seconds": observed.seconds,
        "tolerance": exact._asdict() | {"ignored": ignored},
        "dead": len(judged[0].dead),
        "not_judged": no_all_clear.plain(judged[0].silences),
        **plain(judged[0].incidents),
        "given_up": [
            {"feed": letter.feed, "reason": letter.reason, "place": letter.place, "detail": letter.detail}
            for letter in judged[0].dead if gave_up(letter.reason)
        ],
        "detectors": [_read(one, read) for one in judged for read in one.readings],
    }  # fmt: skip


def _read(judged: Judged, read: Read) -> dict[str, Any]:
    made, first = read.account, {"best_signal": read is judged.best_signal}
    return _total(total(judged.detector, read.reading, [read]), first) | {
        "label_answers": [_answer(answer) for answer in made.answers],
        "false_outages": [_called(outage) for outage in made.false],
        "other_outages": [_called(outage) for outage in made.others],
    }


def _total(made: Total, first: dict[str, Any]) -> dict[str, Any]:
    return {
        "detector": made.detector, "reading": made.reading, **first, "labels": made.labels, "hits": made.hits,
        "met": made.met, "false": made.false, "false_per_entity_month": made.false_rate,
        **{f"median_{name}": value for name, value in made.medians.items()}, "others": made.others,
        "refused": _number(made.refused), "refused_labels": _number(made.refused_labels),
    }  # fmt: skip


def _answer(answer: Answer) -> dict[str, Any]:
    label = answer.label
    return {
        "entity_type": label.entity_type, "entity": label.entity, "start": iso(label.start), "end": iso(label.end),
        "hit": answer.hit, "met": answer.met, "open": answer.open, "undated": answer.undated,
        **{name: getattr(answer, name) for name in MEDIANS},
    }  # fmt: skip


def _called(outage: Called) -> dict[str, Any]:
    return {
        "entity_type": outage.entity.type, "entity": outage.entity.name, "start": iso(outage.start),
        "end": None if outage.end is None else iso(outage.end),
        "suspected_at": iso(outage.suspected), "confirmed_at": iso(outage.confirmed),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
