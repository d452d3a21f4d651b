"""What the evidence on an outage makes of it: its kind, and the terms that say why."""

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.fusion.evidence import BESIDE, Evidence, kind_of_outage, routes_stand
from pipeline.fusion.likeness import OF_PARTS
from pipeline.fusion.outages import THROTTLE
from pipeline.kinds import kind_of
from pipeline.records import Entity, Term
from pipeline.settings import Fusing

TOGETHER = OF_PARTS + "together"
"""The term of a country whose networks and regions went out together: it stands among those of the signals."""


def named(evidence: Evidence, signals: Sequence[str], share: float, settings: Fusing) -> tuple[Term, ...]:
    """The terms that weigh, in order of signal; ``share`` of a country's parts that went out together [0-1]."""
    terms = evidence.named(signals)
    if share:
        terms.append(Term(TOGETHER, round(1 - share, 3), None, round(settings.together * share, 2), 1.0))
    return tuple(sorted(terms, key=lambda term: term.signal))


def kind(
    entity: Entity, evidence: Evidence, signals: Sequence[str], networks: Iterable[tuple[bool, bool]],
    only_networks: bool = False,
) -> str:  # fmt: skip
    """The kind of an outage; ``networks``: ``(is mobile, is out)`` of each that is watched of a country, and whether
    there is nothing else of it."""
    if entity.type == "service":
        return "platform"
    down: dict[str, float] = {}
    for s, left, weight in zip(signals, evidence.ratio, evidence.weight, strict=True):
        if weight > 0:
            down[kind_of(s)] = float(np.fmin(left, down.get(kind_of(s), left)))
    up = [kind_of(s) for j, s in enumerate(signals) if evidence.weight[j] < 0]
    if down and all(BESIDE in s for j, s in enumerate(signals) if evidence.weight[j] > 0):
        return THROTTLE
    # routes stand while the phones are dead: of a mobile network there is a better word for it than stealth
    mobile = entity.mobile and routes_stand(down, up) and evidence.severity >= 0.5
    return "mobile" if mobile else kind_of_outage(down, up, evidence.severity, networks, only_networks)
