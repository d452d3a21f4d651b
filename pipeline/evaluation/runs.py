"""A case through the engine, once for each detector, and the account of every way to read the output."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from detectors import REGISTRY
from pipeline.bins import NEVER
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.evaluation.accounting import LOW, Account, Answer, Called, Observed, account, fused, plain
from pipeline.evaluation.by_rule import ByRule
from pipeline.evaluation.cases import Case, Tolerance, usual_tolerance
from pipeline.evaluation.spans import Span
from pipeline.evaluation.traces import Collected, Trace, is_judged, refused
from pipeline.explain.text import damage
from pipeline.feeds import Label, Line, recordings
from pipeline.geo.homes import placed
from pipeline.records import PARTS, DeadLetter, Outage, Places, Run
from pipeline.replay.coverage import Observed as Watched
from pipeline.replay.coverage import Silence
from pipeline.replay.playback import Playback
from pipeline.replay.report import Incident, ReplayReport, through_memory
from pipeline.settings import Settings

OURS = "ours"
"""Name of netvigil as shipped: the model, of all signals."""

FUSED, ANY, WARNING = "fused", "any signal", "any warning"
"""Ways to read: ours, of all signals together; of a detector, while any signal is confirmed low, or looks low at all.
Any other reading is the name of one signal."""


class Read(NamedTuple):
    """One way to read a detector; ``refused``, of all and of the labels: time without a verdict [0-1] or NaN."""

    reading: str
    called: tuple[Called, ...]
    account: Account
    refused: float
    refused_labels: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The output of the engine for one case."""

    traces: tuple[Trace, ...]
    outages: tuple[Outage, ...]
    places: Places
    dead: tuple[DeadLetter, ...] = ()
    incidents: tuple[Incident, ...] = ()
    observed: Watched = field(default_factory=Watched)
    judged_from: int | None = None
    silences: tuple[Silence, ...] = ()
    unmatched: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judged(Outcome):
    """One case, judged by one detector or by ours."""

    case: Case
    detector: str
    tolerance: Tolerance
    readings: tuple[Read, ...]
    settings: Settings

    @property
    def account(self) -> Account:
        """Of the first way to read it."""
        return self.readings[0].account

    @property
    def end(self) -> int:
        return self.account.observed.end

    def subject(self, place: tuple[str, str]) -> list[Trace]:
        return subject(self.traces, place, self.places)

    @property
    def best_signal(self) -> Read | None:
        """The best single signal: most labels met, then hit, then fewest false outages, then least refused."""

        def merit(read: Read) -> tuple[int, int, int, float, str]:
            made = read.account
            return made.met, made.hits, -len(made.false), -np.nan_to_num(read.refused, nan=1.0), read.reading

        return max((r for r in self.readings if r.reading not in (FUSED, ANY, WARNING)), key=merit, default=None)


def played(case: Case) -> Playback:
    """The playback of a case; UserError where it cannot be read."""
    found = recordings([case.folder])
    signals = tuple(sorted({signal for recording in found for signal in recording.signals}))
    return Playback(found, Run("evaluated", "replay", signals))


def outcome(
    case: Case,
    engine: Engine,
    reached: Callable[[float], None] = lambda share: None,
    shown: Callable[[object], None] = lambda output: None,
) -> Outcome:
    """Replay a case; ``reached`` gets the share judged [0-1], and ``shown`` every output.

    UserError where it cannot be read, or shows nothing.
    """
    playback = played(case)
    collected, report = Collected(), ReplayReport.of(playback)
    end = max(recording.end for _, recording in playback.streams)
    first: list[int] = []

    def see(output: object) -> None:
        collected.see(output)
        shown(output)
        if (now := report.watermark) > NEVER:
            first[:] = first or [now]
            reached(min(1.0, (now - first[0]) / max(1, end - first[0])))

    through_memory(playback, engine, playback.run, see, report)
    traces = collected.traces()
    if not any(trace.is_observed.any() for trace in traces):
        why = "; ".join(damage(report.dead, 1))
        raise UserError(f"{case.folder}: nothing in its signals was observed{f' ({why})' if why else ''}")
    return Outcome(
        traces=tuple(traces), outages=tuple(report.sorted()), places=report.places, dead=tuple(report.dead),
        incidents=tuple(report.incidents()), observed=report.observed, judged_from=report.judged_from,
        silences=tuple(report.silences()), unmatched=tuple(report.unmatched),
    )  # fmt: skip


def judge(case: Case, detector: str, came: Outcome, settings: Settings) -> Judged:
    """Hold the outcome with these settings against the labels, in every way to read the detector."""
    traces = [trace for trace in came.traces if not trace.is_made]
    exact = case.tolerance or usual_tolerance(max(trace.width for trace in traces), settings.evaluating)
    observed = _observed(traces)
    whole = Span(int(min(trace.start[0] for trace in traces)), observed.end)
    readings = []
    for way, called, own in _ways(detector, traces, came, settings):
        made = account(called, case.labels, exact, observed, lambda label: country_of(label, came.places))
        shares = [
            _refused_label(answer, way, came.traces if way == FUSED else own, came.places) for answer in made.answers
        ]
        known = [share for share in shares if not np.isnan(share)]
        of_labels = float(np.mean(known)) if known else float("nan")
        readings.append(Read(way, tuple(called), made, refused(own, whole), of_labels))
    return Judged(
        **vars(came), case=case, detector=detector, tolerance=exact, readings=tuple(readings), settings=settings,
    )  # fmt: skip


def judge_all(
    case: Case,
    detectors: Iterable[str],
    engine: Engine,
    reached: Callable[[str, float], None] = lambda name, share: None,
) -> Iterator[Judged]:
    """One case by each of these detectors, or by ours."""
    for detector in detectors:
        there = engine if detector == OURS else ByRule(engine.settings, rule=REGISTRY[detector])
        yield judge(case, detector, outcome(case, there, partial(reached, detector)), there.settings)


FIELD = {name: source for name, of in REGISTRY.items() if (source := of("").published)}
"""Name of a published detector -> its source; all others are netvigil's own."""


def _ways(
    detector: str, traces: list[Trace], came: Outcome, settings: Settings
) -> Iterator[tuple[str, list[Called], list[Trace]]]:
    """Name, outages, and the traces that they rest on."""
    if detector == OURS:
        yield FUSED, fused(came.outages, came.places), traces
        return
    gap = settings.evaluating.gap
    yield ANY, plain(traces, gap), traces
    yield WARNING, plain(traces, gap, LOW), traces
    for signal in sorted({trace.signal for trace in traces}):
        own = [trace for trace in traces if trace.signal == signal]
        yield signal, plain(own, gap), own


def _refused_label(answer: Answer, way: str, traces: Iterable[Trace], places: Places) -> float:
    """Share of the time of a label without a verdict [0-1]; all of it for a country of too few parts."""
    label = answer.label
    time, place = Span(label.start, label.end), (label.entity_type, label.entity)
    own = subject(traces, place, places)
    are_parts = bool(own) and own[0].entity[:2] != place
    if way == FUSED and are_parts and not answer.hit and not is_judged(own, time):
        return 1.0
    return refused([trace for trace in own if not trace.is_made], time)


def subject(traces: Iterable[Trace], place: tuple[str, str], places: Places) -> list[Trace]:
    """The traces of an entity ``(type, name)``; of a country without any, those of its parts."""
    traces = list(traces)
    own = [trace for trace in traces if trace.entity[:2] == place and trace.detector != PARTS]
    if own or place[0] != "country":
        return own
    return [t for t in traces if (t.entity.country or placed(*t.entity[:2], places).country) == place[1]]


def country_of(label: Label, places: Places) -> str:
    """Country of a label's entity, '' where it is not known."""
    entity = placed(label.entity_type, label.entity, places)
    return entity.country or (entity.name if entity.type == "country" else "")


def _observed(traces: list[Trace]) -> Observed:
    spans: dict[tuple[str, str], Span] = {}
    last = NEVER
    for trace in traces:
        start = trace.start[trace.is_observed]
        if len(start):
            last = max(last, int(start[-1]))
            here = Span(int(start[0]), int(start[-1]) + trace.width)
            known = spans.setdefault(trace.entity[:2], here)
            spans[trace.entity[:2]] = Span(min(known.start, here.start), max(known.end, here.end))
    together = float(sum(span.end - span.start for span in spans.values()))
    begin, end = min(span.start for span in spans.values()), max(span.end for span in spans.values())
    return Observed(begin, last, end, len(spans), together)
