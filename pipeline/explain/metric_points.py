"""What a verdict or an outage looks like as metric series: live metrics and written history show the same.

A point is ``(field, labels, value)``: the field of `pipeline.serve.metrics.Metrics`, the label values in its order, and
the value.  No label ever holds an event id or a prefix, and texts are only on series of open or just ended
outages: there are few of those.
"""

import math
from collections.abc import Iterator

import numpy as np

from pipeline.explain.terms import SIGNS, likely, term_name
from pipeline.explain.text import KIND_WORDS, country_time, entity_name, lasting, utc_text
from pipeline.fusion.life import CONFIRMED, ENDED, RECOVERING
from pipeline.geo.homes import placed
from pipeline.records import Entity, Outage, Places, Verdicts

Point = tuple[str, tuple[str, ...], float]
BOUNDS = ("lower", "expected", "upper")


def verdict_points(verdicts: Verdicts, row: int, columns: np.ndarray) -> Iterator[tuple[Entity, list[Point]]]:
    """The points of bin ``row`` for the entities at ``columns`` ``(k,) int``; NaN where a bin was not observed."""
    ratio = verdicts.ratio[row]
    for i in columns.tolist():
        entity = verdicts.entities[i]
        labels = (verdicts.signal, entity.type, entity.name)
        points: list[Point] = [
            ("signal_value", labels, float(verdicts.value[row, i])),
            ("signal_ratio", labels, float(ratio[i])),
            ("signal_score", labels, float(verdicts.score[row, i])),
            ("signal_health_ratio", labels, float(verdicts.health[row, i])),
            ("signal_settled", labels, float(verdicts.settled[row, i])),
        ]
        points += [("signal_expected", (*labels, bound), float(getattr(verdicts, bound)[row, i])) for bound in BOUNDS]
        yield entity, points


def entity_point(entity: Entity) -> Point:
    """Name and country of an entity that has series."""
    country = entity.country or placed(entity.type, entity.name).country
    name = entity_name(entity._replace(country=country))
    return "entity_info", (entity.type, entity.name, country, name, "yes" if entity.mobile else "no"), 1.0


def home_points(entity: Entity, places: Places | None = None) -> list[Point]:
    """The country of an entity, for boards: it may have no series of its own."""
    country = entity.country or placed(entity.type, entity.name).country
    if entity.type == "country" or not country:
        return []
    return [entity_point(placed("country", country, places))]


def outage_points(outage: Outage, place: Entity) -> list[Point]:
    """An open outage: active is 1 once confirmed; its entity is named too, so that boards find it without signals."""
    key = (outage.entity_type, outage.entity)
    labels, short = (*key, outage.kind, outage.tense), (*key, outage.tense)
    local = country_time(outage.start, place.country)
    texts = (place.country, entity_name(place), outage.state, KIND_WORDS.get(outage.kind, outage.kind))
    points: list[Point] = [
        ("outage_active", labels, float(outage.state in (CONFIRMED, RECOVERING))),
        ("outage_probability_ratio", labels, outage.probability),
        ("outage_severity_ratio", labels, outage.severity),
        ("outage_depth_ratio", labels, outage.depth),
        ("outage_start_timestamp_seconds", labels, float(outage.start)),
        ("outage_info", (*short, *texts, local, utc_text(outage.start)), 1.0),
        entity_point(place),
    ]
    for term in outage.signals:
        named = (*short, term.signal, term_name(term.signal))
        points.append(("outage_evidence_weight", named, term.weight))
        if term.ratio is not None:
            points.append(("outage_evidence_ratio", named, term.ratio))
    return points + _likeness_points(outage, short)


def _likeness_points(outage: Outage, short: tuple[str, ...]) -> list[Point]:
    """A part of an outage has no likeness of its own."""
    if outage.confirmed_at is None or outage.part_of:
        return []
    signs = [
        ("outage_sign_weight", (*short, sign.name, SIGNS.get(sign.name, sign.name), sign.source), sign.weight)
        for sign in outage.signs
    ]
    return [("outage_likeness", (*short, likely(outage.likeness)), outage.likeness), *signs]


def ended_points(outage: Outage, place: Entity, regained: float) -> list[Point]:
    """An outage that is over or taken back; ``regained``: how much is back [0-1]."""
    key = (outage.entity_type, outage.entity, outage.tense)
    end = outage.end if outage.end is not None else outage.start
    outcome = "restored" if outage.state == ENDED else "retracted"
    texts = (place.country, entity_name(place), outcome, KIND_WORDS.get(outage.kind, outage.kind))
    began, ended = (country_time(time, place.country) for time in (outage.start, end))
    times = (began, ended, utc_text(end), lasting(end - outage.start))
    points: list[Point] = [
        ("restored_info", (*key, *texts, *times), 1.0),
        ("outage_restored_timestamp_seconds", key, float(end)),
        ("outage_duration_seconds", key, float(end - outage.start)),
        entity_point(place),
    ]
    return points if math.isnan(regained) else [*points, ("outage_regained_ratio", key, regained)]
