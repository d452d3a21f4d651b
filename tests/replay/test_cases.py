"""Each folder of `cases` is a world of which a person knows what happened: replay it and compare its outages.

``signals.csv`` (``.gz``), ``entities.csv`` and ``settings.toml`` are what a replay reads; ``why.md`` says what the
world is.  ``expected.csv`` has a row for each outage; an empty cell is not compared.  ``start`` and ``end`` hold within
``start_within`` and ``end_within`` [min]; ``confirmed`` is yes or no; ``confirmed_within`` is the longest time from the
start to the confirmation [min].  No other outage may be confirmed.
"""

import csv
import math
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.commands import ReplayOptions, replay
from pipeline.codec import outage_from, seconds
from pipeline.records import Outage
from tests.replay.runners import ThroughKafka, in_memory
from tests.replay.tapes import recorded
from tests.replay.truth import confirmed, told

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(path.parent for path in FOLDER.glob("*/expected.csv"))
MISSED = {
    "back-one-by-one": "its end is dated a day early, when most signals are back",
    "dark-in-loud-noise": "its onset is dated two hours early",
    "feed-breaks-in-an-outage": "a signal that stays at zero after the outage is another one",
    "feed-stops-part-by-part": "two signals of one system that fail together are an outage",
    "feed-that-counts-nothing": "probes that fail for hours are an outage",
    "first-weekend": "a first Saturday with half the traffic is an outage",
    "gone-for-good": "what has stayed low for long is still out",
    "mobile-networks-off": "the outage of the country ends two hours early, when its networks are about to be back",
    "one-busy-day-after-a-blackout": "its end is dated a day late",
    "one-wrong-value-on-the-first-day": "a value of a million times the usual is expected again a day later",
    "prober-stumbles": "probes that fail for hours are an outage",
    "prober-stumbles-while-traffic-is-silent": "it is confirmed after two hours, not one and a half",
    "slow-morning-on-election-day": "a morning that is quieter than any before is told as an outage of four hours",
    "stumble-on-a-feast": "half the probes for ten minutes beside a third of the traffic are an outage",
}
"""Worlds that the model does not tell as they happened, and how."""
THROUGH_A_BROKER = ("peer-of-the-collector", "throttling", "two-kinds-lose-half")
"""One of each sort, without settings: networks, a slow loss, two signals."""


def near(wanted: str, found: int | None, within: str) -> bool:
    return not wanted or (found is not None and abs(found - seconds(wanted)) <= 60 * float(within or 1))


def agrees(row: dict[str, str], outage: Outage) -> bool:
    """Whether an outage is what a row of ``expected.csv`` says."""
    is_confirmed = "yes" if confirmed([outage]) else "no"
    start = seconds(row["start"]) if row["start"] else outage.start
    late = math.inf if outage.confirmed_at is None else (outage.confirmed_at - start) / 60
    return (
        all(row[name] in ("", getattr(outage, name)) for name in ("entity", "kind", "state"))
        and near(row["start"], outage.start, row["start_within"])
        and near(row["end"], outage.end, row["end_within"])
        and row["confirmed"] in ("", is_confirmed)
        and (not row["confirmed_within"] or late <= float(row["confirmed_within"]))
    )


def told_or_missed(case: Path) -> Any:
    """A case, which is expected to fail where the model is known to miss it."""
    marks = [pytest.mark.xfail(reason=MISSED[case.name])] if case.name in MISSED else []
    return pytest.param(case, marks=marks, id=case.name)


@pytest.mark.parametrize("case", list(map(told_or_missed, CASES)))
def test_it_is_told_as_it_happened(case: Path, tmp_path: Path) -> None:
    settings = case / "settings.toml"
    options = ReplayOptions(outages=tmp_path / "outages.jsonl", settings=settings if settings.exists() else None)
    replay([str(case)], options)
    outages = [outage_from(line) for line in (tmp_path / "outages.jsonl").read_bytes().splitlines()]
    with (case / "expected.csv").open() as file:
        rows = list(csv.DictReader(file))
    left, missing = list(outages), []
    for row in rows:
        found = next((outage for outage in left if agrees(row, outage)), None)
        if found:
            left.remove(found)
        else:
            missing.append(row)
    assert (missing, [told(outage) for outage in confirmed(left)]) == ([], []), [told(outage) for outage in outages]


@pytest.mark.sockets
@pytest.mark.parametrize("name", THROUGH_A_BROKER)
def test_agents_on_a_broker_tell_the_same(name: str, embedded_run: ThroughKafka) -> None:
    tape = recorded(FOLDER / name)
    assert embedded_run(tape).sorted() == in_memory(tape).sorted()
