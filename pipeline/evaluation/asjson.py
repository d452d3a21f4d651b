"""An evaluation for a program: everything that the tables show, and each label and outage behind it."""

import json
import math
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from pipeline.codec import iso
from pipeline.errors import gave_up
from pipeline.evaluation.accounting import Account, Answer, Called, Tolerance
from pipeline.evaluation.judged import Judged, Read
from pipeline.evaluation.phrases import other_settings
from pipeline.evaluation.sweep import Point
from pipeline.evaluation.totals import Total, totals
from pipeline.explain.feed_incidents import plain
from pipeline.explain.no_all_clear import no_all_clear
from pipeline.records import DeadLetter

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
