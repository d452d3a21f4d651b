"""A detector by itself: each series as it comes, without what netvigil takes off before and adds up after."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import AnyDetector, utc_context
from detectors.model import Model
from detectors.predictive import Predictive
from detectors.state import extend
from pipeline.bins import NEVER
from pipeline.engine import Engine
from pipeline.judge import JudgeStage
from pipeline.records import Bins, Entity, Verdicts


@dataclass
class Series:
    """All series of one signal, and what the detector remembers of them."""

    detector: AnyDetector
    state: Any
    place: dict[Entity, int] = field(default_factory=dict)
    judged: int = NEVER


class RuleStage(JudgeStage):
    """Judges the merged bins of one run by the detector that the ``rule`` gives for each signal."""

    def __init__(self, rule: Callable[[str], AnyDetector]) -> None:
        super().__init__(Model(), 1)
        self.rule, self.of = rule, dict[str, Series]()

    def step(self, bins: Bins) -> list[Verdicts]:
        """Judge the bins of one frame; they have no likelihoods, so fusion has nothing to add up."""
        if bins.signal not in self.of:
            detector = self.rule(bins.signal)
            self.of[bins.signal] = Series(detector, detector.init(0))
        series = self.of[bins.signal]
        fresh = bins.start > series.judged
        new = [entity for entity in bins.entities if entity not in series.place]
        series.place |= {entity: len(series.place) + i for i, entity in enumerate(new)}
        series.state = extend(series.state, len(new))
        columns = np.array([series.place[entity] for entity in bins.entities], np.intp)
        t, n = bins.start[fresh], len(series.place)
        x, health = np.full((len(t), n), np.nan), np.zeros((len(t), n))
        x[:, columns], health[:, columns] = bins.value[fresh], np.nan_to_num(bins.health[fresh])
        context = utc_context(t, n, bins.width, health)
        series.state, verdict = series.detector.run(x, t, context, series.state)
        series.judged = int(t[-1]) if len(t) else series.judged
        told = {name: column[:, columns] for name, column in verdict._asdict().items()}
        shape = (len(t), len(columns))
        return [
            Verdicts(
                run=bins.run, feed=bins.feed, partition=0, signal=bins.signal, detector=series.detector.name,
                width=bins.width, watermark=bins.watermark, status=bins.status, entities=bins.entities, start=t,
                value=bins.value[fresh], health=bins.health[fresh], common=np.ones(len(t)),
                likelihood=np.full((*shape, 5), np.nan, np.float32), left=np.full(shape, np.nan, np.float32), **told,
            )
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ByRule(Engine):
    """An engine in which a detector judges, and nothing is added up."""

    rule: Callable[[str], AnyDetector] = Predictive.for_signal

    def judge(self, partitions: int = 1) -> JudgeStage:
        """The stage of the detector."""
        return RuleStage(self.rule)
