"""Every detector at every setting of its threshold: hits against false outages, a curve and not a point."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detectors import REGISTRY
from detectors.base import AnyDetector, Swept
from detectors.model import Model
from pipeline.engine import Engine, verdicts
from pipeline.errors import printable
from pipeline.evaluation.by_rule import ByRule
from pipeline.evaluation.cases import Case
from pipeline.evaluation.runs import ANY, FUSED, OURS, Outcome, Read, judge, outcome, played
from pipeline.evaluation.tables import total
from pipeline.evaluation.traces import Collected
from pipeline.records import DeadLetter, Elements, Heartbeat, Rows, Verdicts
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport


class Recorded(NamedTuple):
    """The verdicts on a case, in the order in which they come; the threshold does not change them."""

    case: Case
    playback: Playback
    frames: list[Verdicts]


def recorded(case: Case, engine: Engine) -> Recorded:
    """The verdicts on a case."""
    playback = played(case)
    read = (cast(Elements | Rows | Heartbeat, frame) for frame in playback if not isinstance(frame, DeadLetter))
    frames = [output for output in verdicts(read, engine) if isinstance(output, Verdicts)]
    return Recorded(case, playback, frames)


def fused(recording: Recorded, engine: Engine) -> Outcome:
    """The outcome of fusion with the settings of an engine, without the incidents of feeds."""
    fuse, report, collected = engine.fuse(0), ReplayReport(recording.playback.run), Collected()
    for frame in recording.frames:
        for output in fuse.step(frame):
            report.take(output)
            collected.see(output)
    traces, outages = tuple(collected.traces()), tuple(report.sorted())
    return Outcome(traces=traces, outages=outages, places=recording.playback.places)


SWEPT: dict[str, Swept] = {name: made("").swept for name, made in REGISTRY.items()}
"""Name of a detector -> the threshold by which it is swept, and its values."""

CONFIRM = ("model.confirm", (0.6, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999))
"""The same for ours: the probability that confirms an outage, and its values."""


class Point(NamedTuple):
    """A detector, read one way, over all cases, with its threshold at one value; ``shipped``: its own value."""

    detector: str
    reading: str
    parameter: str
    value: float
    shipped: bool
    labels: int
    hits: int
    met: int
    false: int
    false_rate: float


def steps(judges: Iterable[str], own: float = Model.confirm) -> list[tuple[str, str, float]]:
    """Detector, threshold and value of each step of a sweep; ``own``: the threshold of ours, always a value."""
    known = {OURS: (CONFIRM[0], tuple(sorted({*CONFIRM[1], own})))} | SWEPT
    return [(name, known[name][0], value) for name in judges if name in known for value in known[name][1]]


def sweep(
    cases: Iterable[Case], judges: Iterable[str], engine: Engine, reached: Callable[[str, float], None]
) -> Iterator[Point]:
    """The points of every curve; ``reached`` gets detector and value after each case."""
    cases, verdicts = list(cases), dict[str, Recorded]()
    for name, parameter, value in steps(judges, engine.settings.model.confirm):
        there = at(engine, name, parameter, value)
        reads: dict[str, list[Read]] = {FUSED: [], ANY: []}
        signals: set[str] = set()
        for case in cases:
            if name == OURS and case.name not in verdicts:  # only fusion changes: a case is judged once
                verdicts[case.name] = recorded(case, there)
            came = fused(verdicts[case.name], there) if name == OURS else outcome(case, there)
            signals.update(trace.signal for trace in came.traces)
            for read in judge(case, name, came, there.settings).readings:
                if read.reading in reads:
                    reads[read.reading].append(read)
            reached(name, value)
        shipped = _is_shipped(engine, name, parameter, value, signals)
        for reading, found in reads.items():
            if found:
                made = total(name, reading, found)
                yield Point(name, reading, parameter, value, shipped, *made[3:7], made.false_rate)


def at(engine: Engine, name: str, parameter: str, value: float) -> Engine:
    """The engine with a threshold at a value."""
    if name == OURS:
        own = engine.settings.model
        model = replace(own, confirm=value, suspect=min(own.suspect, value))
        return Engine(replace(engine.settings, model=model))
    return ByRule(engine.settings, rule=partial(changed, REGISTRY[name], {parameter: value}))


def changed(made: Callable[[str], AnyDetector], values: dict[str, Any], signal: str) -> AnyDetector:
    """The detector of a signal with other values."""
    return replace(made(signal), **values)


def _is_shipped(engine: Engine, name: str, parameter: str, value: float, signals: Iterable[str]) -> bool:
    if name == OURS:
        return engine.settings.model.confirm == value
    return all(getattr(REGISTRY[name](signal), parameter) == value for signal in signals)


class Against(NamedTuple):
    """Best point with no more false outages than ours; fewest false with as many labels met; or None."""

    detector: str
    reading: str
    as_quiet: Point | None
    as_good: Point | None


def against(points: Iterable[Point]) -> tuple[Point | None, list[Against]]:
    """Ours as shipped, and every other curve against it."""
    points = list(points)
    ours = next((point for point in points if point.detector == OURS and point.shipped), None)
    if ours is None:
        return None, []
    curves: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if point.detector != OURS:
            curves.setdefault((point.detector, point.reading), []).append(point)
    made = []
    for name, curve in curves.items():
        quiet = [point for point in curve if point.false <= ours.false]
        good = [point for point in curve if point.met >= ours.met and point.hits >= ours.hits]
        as_quiet = max(quiet, key=lambda point: (point.met, point.hits, -point.false), default=None)
        as_good = min(good, key=lambda point: (point.false, -point.met), default=None)
        made.append(Against(*name, as_quiet, as_good))
    return ours, made


def show_sweep(console: Console, points: Iterable[Point]) -> None:
    """Show every curve against ours at its own threshold; without another detector the curve of ours."""
    points = list(points)
    ours, curves = against(points)
    if ours is None:
        return
    against_it = f"ours: {_at(ours)}" if curves else "only ours was asked: nothing to compare it with"
    console.print(Text.assemble("\n", ("each threshold swept", "bold"), f"  {against_it}"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    of_ours = ours.parameter, "ours"
    of_all = "detector", "with no more false than ours", "with as many met and hit as ours"
    for name in of_all if curves else of_ours:
        table.add_column(name, overflow="fold")
    for curve in curves:
        name = f"{curve.detector}, {curve.reading}"
        table.add_row(printable(name), *(_at(point) if point else "never" for point in curve[2:]))
    for point in [] if curves else points:
        table.add_row(f"{point.value:g}{', its own' if point.shipped else ''}", _made(point))
    console.print(table)


def _at(point: Point) -> str:
    return f"{_made(point)} ({point.parameter} {point.value:g})"


def _made(point: Point) -> str:
    return f"{point.hits}/{point.labels} hit, {point.met} met, {point.false} false"
