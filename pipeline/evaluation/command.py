"""``netvigil evaluate``: cases through every detector, and what came of it as a table, JSON or a report."""

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
from pipeline.evaluation.accounting import Account, Answer, Called
from pipeline.evaluation.cases import TOLERANCES, Case, Tolerance, read_cases
from pipeline.evaluation.phrases import other_settings
from pipeline.evaluation.runs import OURS, Judged, Read, judge_all, played
from pipeline.evaluation.sweep import Point, show_sweep, steps, sweep
from pipeline.evaluation.tables import Total, show, totals
from pipeline.explain.feed_incidents import plain
from pipeline.explain.no_all_clear import no_all_clear
from pipeline.explain.text import counted
from pipeline.files import check_not_read, check_writable, written
from pipeline.records import DeadLetter
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


MIDDLES = ("suspected", "confirmed", "onset_error", "end_error", "cover", "fragments")


def as_json(judged: Iterable[Judged], swept: Iterable[Point] = ()) -> str:
    """One JSON object, in one line; ``settings``: those of ours that are not as shipped.

    Times are UTC ISO, durations seconds, shares 0-1, null where there is none.
    """
    judged = list(judged)
    cases = [_case(list(group)) for _, group in groupby(judged, key=lambda one: one.case.name)]
    told: dict[str, Any] = {
        "settings": other_settings(judged), "cases": cases, "totals": [_total(total) for total in totals(judged)],
    }  # fmt: skip
    points = [point._asdict() for point in swept]
    if points:
        told["sweep"] = points
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _case(judged: list[Judged]) -> dict[str, Any]:
    observed = judged[0].readings[0].account.observed
    return {
        "case": judged[0].case.name,
        "labels": len(judged[0].case.labels),
        "entities": observed.entities,
        "entity_seconds": observed.seconds,
        "tolerance": _tolerance(judged[0].tolerance),
        "dead": len(judged[0].dead),
        **no_all_clear(judged[0].past, judged[0].observed, judged[0].unjudged),
        **plain(judged[0].doings),
        "given_up": [_letter(letter) for letter in judged[0].dead if gave_up(letter.reason)],
        "detectors": [_read(one, read) for one in judged for read in one.readings],
    }


def _letter(letter: DeadLetter) -> dict[str, str]:
    return {"feed": letter.feed, "reason": letter.reason, "place": letter.place, "detail": letter.detail}


def _tolerance(exact: Tolerance) -> dict[str, Any]:
    return exact._asdict() | {
        "ignored": [{"start": iso(a), "end": iso(b), "why": why} for (a, b), why in exact.ignored]
    }


def _read(judged: Judged, read: Read) -> dict[str, Any]:
    made = read.account
    best = judged.best_signal
    return {
        "detector": judged.detector, "reading": read.reading, "best_signal": best is not None and read is best,
        **_counts(made, len(made.answers), len(made.false)), "others": len(made.others),
        "refused": _number(read.refused), "refused_labels": _number(read.refused_labels),
        "label_answers": [_answer(answer) for answer in made.answers],
        "false_outages": [_called(outage) for outage in made.false],
        "other_outages": [_called(outage) for outage in made.others],
    }  # fmt: skip


def _total(total: Total) -> dict[str, Any]:
    return {
        "detector": total.detector, "reading": total.reading, "cases": len(total.reads),
        **_counts(total, total.labels, total.false), "others": sum(len(made.others) for made in total.accounts),
        "refused": _number(total.refused), "refused_labels": _number(total.refused_labels),
    }  # fmt: skip


def _counts(made: Account | Total, labels: int, false: int) -> dict[str, Any]:
    return {
        "labels": labels, "hits": made.hits, "met": made.met, "false": false,
        "false_per_entity_month": made.false_rate, **{f"median_{name}": made.middle(name) for name in MIDDLES},
    }  # fmt: skip


def _answer(answer: Answer) -> dict[str, Any]:
    label = answer.label
    return {
        "entity_type": label.entity_type, "entity": label.entity, "start": iso(label.start), "end": iso(label.end),
        "hit": answer.hit, "met": answer.met, "open": answer.open, "undated": answer.undated,
        **{name: getattr(answer, name) for name in MIDDLES},
    }  # fmt: skip


def _called(outage: Called) -> dict[str, Any]:
    return {
        "entity_type": outage.entity.type, "entity": outage.entity.name, "start": iso(outage.start),
        "end": None if outage.end is None else iso(outage.end),
        "suspected_at": iso(outage.suspected), "confirmed_at": iso(outage.confirmed),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
