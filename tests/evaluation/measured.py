"""Every open case, and every generated world, by engines whose parameters differ: what `ablate` and `tune` read."""

import csv
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, fields
from functools import partial
from math import log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detectors.model import Model
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.evaluation.accounting import Account, kin
from pipeline.evaluation.cases import LABELLED, Case, Tolerance, read_cases
from pipeline.evaluation.runs import OURS, Judged, country_of, judge, outcome
from pipeline.evaluation.spans import Span
from pipeline.feeds import Label
from pipeline.fusion import Fused
from pipeline.fusion.life import OPEN
from pipeline.geo.homes import placed
from pipeline.records import Entity, Outage
from pipeline.settings import Settings
from tests.house.count import deciding
from tests.house.tree import text
from tests.tracked import tracked

NONE = 1e-9
"""A rate or a share that is as good as none."""

TERMS: dict[str, dict[str, Any]] = {
    "quiet days": {"quiet_rates": (NONE,) * len(Model().quiet_rates)},
    "signals off": {"off_rate": NONE},
    "levels moved": {"moved_rate": NONE},
    "signals that miss a turn": {"late": NONE},
    "changes of depth": {"jump_rate": NONE},
    "common steps of a feed": {"feed_rate": NONE},
    "parts with their country": {"fallen": NONE},
    "throttling": {"throttle_rate": NONE},
}
"""Name of a term -> the parameters that take it away."""

SHARES = ("share", "probability")
"""Units of numbers from 0 to 1: their odds are halved and doubled."""

LEAST = 0.001
"""A probability counts as no smaller, and no nearer to 1 [0-1]."""

HOUR = 3600

Change = dict[str, Any]
"""The parameters that differ from the shipped ones."""


class Figures(NamedTuple):
    """What came of a case or of a world; ``confirmed``: minutes after the start, of each label that was hit.

    ``score``: mean log of the probability that was given to the truth, over ``hours`` of places [nats].  ``found`` of
    ``lost``: losses in the plain table; ``wrong``: holidays that were called out, or outages on them that were not.
    """

    labels: int = 0
    met: int = 0
    false: int = 0
    confirmed: str = ""
    score: float = 0.0
    hours: int = 0
    lost: int = 0
    found: int = 0
    wrong: int = 0


def made(change: Change) -> Engine:
    """The engine with these parameters; ValueError where one is not allowed."""
    return Engine(Settings(model=Model(**change)))


def singles() -> Iterator[tuple[str, str, Change]]:
    """Parameter, what is changed, and how: each number at half and at double."""
    for one in fields(Model):
        own, unit = getattr(Model(), one.name), one.metadata.get("unit", "")
        for word, by in (("half", 0.5), ("double", 2.0)):
            if (value := moved(own, by, unit)) != own:
                yield one.name, word, {one.name: value}


def allowed(every: Iterable[tuple[str, str, Change]]) -> Iterator[tuple[str, str, Change]]:
    """The changes with which there is an engine."""
    for name, word, change in every:
        try:
            made(change)
        except ValueError as error:
            sys.stderr.write(f"{name} at {word} is not tried: {error}\n")
        else:
            yield name, word, change


def moved(value: Any, by: float, unit: str) -> Any:
    """A number, or each of several, so many times as large; what is no number stays.

    Examples
    --------
    >>> moved(3.0, 2.0, "h"), moved((1.0, 4.0), 0.5, "h"), moved("x", 2.0, "h")
    (6.0, (0.5, 2.0), 'x')
    >>> round(moved(0.95, 2.0, "probability"), 4), moved(0.5, 1.0, "share")
    (0.9744, 0.5)
    """
    if isinstance(value, tuple):
        return tuple(moved(each, by, unit) for each in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if unit in SHARES:
        return by * value / (1 - value + by * value)
    return type(value)(by * value)


@dataclass
class Heard:
    """Probability that each place is out, as each revision had it, and from when on [s]."""

    now: int = 0
    said: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))

    def see(self, output: object) -> None:
        """Take in an output of an engine; a revision comes right after the bin that led to it."""
        if isinstance(output, Fused):
            self.now = max(self.now, int(output.verdicts.start[output.bin]) + output.verdicts.width)
        elif isinstance(output, Outage):
            probability = output.probability if output.state in OPEN else 0.0
            self.said[output.entity_type, output.entity].append((max(self.now, output.detected_at), probability))

    def at(self, place: tuple[str, str], times: np.ndarray) -> np.ndarray:
        """Probability ``(t,)`` that a place was out, as it was known at these times ``(t,)`` [s]."""
        said = self.said.get(place, [])
        known = np.array([0.0, *(probability for _, probability in said)])
        return known[np.searchsorted(np.array([time for time, _ in said]), times, side="right")]


def truth(
    place: Entity, times: np.ndarray, labels: Iterable[tuple[Label, str]], exact: Tolerance
) -> tuple[np.ndarray, np.ndarray]:
    """Whether a place was out at these times ``(t,) bool``, and whether that is known ``(t,) bool``.

    ``labels``: each with its country.  It is not known around their begins and ends, of the parts or the whole of what
    is labelled, and in ignored windows.
    """
    out, known = np.zeros(len(times), bool), np.ones(len(times), bool)

    def within(start: int, end: int) -> np.ndarray:
        return np.asarray((times >= start) & (times < end))

    for label, country in labels:
        if place[:2] == (label.entity_type, label.entity):
            out |= within(label.start, label.end)
            known &= ~within(label.start - exact.onset_early, label.start + exact.onset_late + 1)
            known &= ~within(label.end - exact.end_early, label.end + exact.end_late + 1)
        elif kin(place, label, country):
            known &= ~within(*exact.grown(label))
    for window in exact.ignored:
        known &= ~within(*window.span)
    return out, known


def scored(judged: Judged, heard: Heard) -> tuple[float, int]:
    """Mean log of the probability given to the truth [nats], and over how many hours of places."""
    spans = {trace.entity: Span(2**62, 0) for trace in judged.traces}
    for trace in judged.traces:
        start, known = trace.start[trace.is_observed], spans[trace.entity]
        if len(start):
            spans[trace.entity] = Span(min(known.start, int(start[0])), max(known.end, int(start[-1]) + trace.width))
    labels = [(label, country_of(label, judged.places)) for label in judged.case.labels]
    whole, seen = Span(judged.account.observed.begin, judged.end), {place[:2] for place in spans}
    for label, _ in labels:  # a country that is seen only in its parts
        if (label.entity_type, label.entity) not in seen:
            spans[placed(label.entity_type, label.entity, judged.places)] = whole
    logs = [np.zeros(0)]
    for place, span in spans.items():
        times = np.arange(-(-span.start // HOUR) * HOUR, span.end, HOUR)
        out, known = truth(place, times, labels, judged.tolerance)
        given = np.clip(heard.at(place[:2], times), LEAST, 1 - LEAST)
        logs.append(np.log(np.where(out, given, 1 - given))[known])
    every = np.concatenate(logs)
    return (float(every.mean()) if len(every) else log(0.5)), len(every)


def of_case(case: Case, engine: Engine) -> Figures:
    """What an engine makes of a case."""
    heard = Heard()
    judged = judge(case, OURS, outcome(case, engine, shown=heard.see), engine.settings)
    return figures(judged.account, *scored(judged, heard))


def figures(found: Account, score: float, hours: int) -> Figures:
    """The figures of an account."""
    confirmed = ";".join(f"{a.confirmed / 60:g}" for a in found.answers if a.confirmed is not None)
    return Figures(len(found.answers), found.met, len(found.false), confirmed, round(score, 6), hours)


Run = Any  # callable(engine) -> Figures, which can be sent to another process


def cases_in(folders: Iterable[Path]) -> list[Case]:
    """The cases in folders; UserError where a folder has none."""
    found = {folder: sorted(path.parent for path in folder.glob(f"*/{LABELLED}")) for folder in folders}
    if empty := [str(folder) for folder, own in found.items() if not own]:
        raise UserError(f"{', '.join(empty)}: no folder of a case is in it, one with {LABELLED}")
    return read_cases(path for own in found.values() for path in own)


def of_cases(cases: Iterable[Case]) -> dict[str, Run]:
    """Name -> how an engine is held against it."""
    return {case.name: partial(of_case, case) for case in cases}


def measure(every: Iterable[Change], runs: Mapping[str, Run], kept: Path) -> dict[str, dict[str, Figures]]:
    """Figures by `key` of the change and by name of the run; what is ``kept`` in a table is not run again.

    A run that fails is told, and has no figures.
    """
    table = read(kept)
    asked = [(change, name) for change in every for name in runs if name not in table[key(change)]]
    kept.parent.mkdir(parents=True, exist_ok=True)
    is_new = not kept.exists()
    with kept.open("a", newline="") as file, ProcessPoolExecutor(2) as pool:
        rows = csv.writer(file, lineterminator="\n")
        if is_new:
            rows.writerow(("change", "run", *Figures._fields))
        going = {pool.submit(_ran, change, runs[name]): (key(change), name) for change, name in asked}
        try:
            for done in tracked(as_completed(going), "runs", len(going)):
                change, name = going[done]
                if error := done.exception():
                    sys.stderr.write(f"{change} on {name} failed: {error!r}\n")
                    continue
                table[change][name] = done.result()
                rows.writerow((change, name, *done.result()))
                file.flush()
        finally:
            pool.shutdown(cancel_futures=True)
    return {change: {name: own[name] for name in runs if name in own} for change, own in table.items()}


def _ran(change: Change, run: Run) -> Figures:
    found: Figures = run(made(change))
    return found


def key(change: Change) -> str:
    """A change in one line, the same for the same change."""
    return json.dumps(change, sort_keys=True)


def read(kept: Path) -> dict[str, dict[str, Figures]]:
    """The table that was kept; empty where there is none."""
    table: dict[str, dict[str, Figures]] = defaultdict(dict)
    if kept.exists():
        with kept.open(newline="") as file:
            for row in csv.DictReader(file):
                values = [type(usual)(row[name]) for name, usual in Figures._field_defaults.items()]
                table[row["change"]][row["run"]] = Figures(*values)
    return table


def kept_in(folder: Path) -> Path:
    """The table of the code and the parameters that decide now: another one begins where they change."""
    code = "".join([repr(Model()), *map(text, deciding())])
    return folder / f"measured-{hashlib.sha256(code.encode()).hexdigest()[:12]}.csv"
