"""Likeness to a shutdown: named terms with their sources, and an order that holds on the labelled cases."""

from pathlib import Path

import pytest

from pipeline.codec import outage_from, outage_json, seconds
from pipeline.fusion import FuseStage
from pipeline.records import Entity, Outage, Run
from pipeline.settings import Settings
from tests.fusion.outages import BGP, ELECTION, PROBING, restarted, revisions
from tests.judge.verdicts import COUNTRY, verdicts
from tests.replay.runners import in_memory
from tests.replay.tapes import recorded
from tests.replay.truth import confirmed

HOUR, DAY = 3600, 24 * 3600
AT = seconds("2024-02-08T02:00:00Z")
"""Seven in the morning in Karachi."""
RUN = Run("r", "replay", (BGP, PROBING))


def out(
    at: int = AT,
    bins: int = 5,
    after: int = 0,
    before: str = ".",
    entity: Entity = COUNTRY,
    routes: str = "L",
    settings: Settings | None = None,
) -> Outage:
    """An outage of so many bins of 5 minutes, as it is so many bins after it."""
    marks = "." * 20 + 4 * before + "{0}" * bins + "." * after
    frames = [
        verdicts(signal, marks.format(mark), run=RUN, entity=entity, at=at - 2 * HOUR)
        for signal, mark in ((BGP, routes), (PROBING, "L"))
    ]
    return revisions(*frames, settings=settings)[-1]


def names(outage: Outage) -> set[str]:
    return {sign.name for sign in outage.signs}


def test_each_term_has_a_weight_and_a_source_and_they_add_up() -> None:
    outage = out(bins=40, settings=ELECTION)
    assert names(outage) == {"election", "agree", "lasts", "grid"}
    assert all(sign.source and sign.weight for sign in outage.signs)
    assert outage.likeness == pytest.approx(sum(sign.weight for sign in outage.signs), abs=0.01)
    assert outage_from(outage_json(outage)) == outage


def test_a_mere_suspicion_is_likened_to_nothing() -> None:
    frame = verdicts(PROBING, "." * 20 + "mmmm", run=Run("r", "replay", (PROBING,)), at=AT)
    first = revisions(frame)[0]
    assert (first.state, first.signs, first.likeness) == ("suspected", (), 0)


@pytest.mark.parametrize(
    ("changed", "there", "absent"),
    [
        ({"routes": "."}, {"differ"}, {"agree"}),
        ({"routes": "?"}, set(), {"agree", "differ"}),
        ({"bins": 40}, {"lasts"}, {"passes"}),
        ({"bins": 20}, set(), {"lasts", "passes"}),
        ({"bins": 20, "after": 20}, {"passes"}, {"lasts"}),
        ({"at": AT + 900}, set(), {"grid"}),
        ({"at": AT + 900, "entity": Entity("country", "NP", "NP")}, {"grid"}, set()),
        ({"before": "?"}, set(), {"grid"}),
        ({"entity": Entity("region", "PK-SD", "PK")}, {"local"}, set()),
        ({"settings": ELECTION}, {"election"}, set()),
        ({"settings": ELECTION, "entity": Entity("country", "IN", "IN")}, set(), {"election"}),
        ({"settings": ELECTION, "at": AT + 18 * HOUR}, set(), {"election"}),
    ],
    ids=[
        "routes stand", "one kind alone", "three hours", "not over yet", "over in less", "no full half hour",
        "a full hour in Kathmandu", "an onset that was not observed",
        "a region", "an election", "that of another country", "the day after in Karachi",
    ],
)  # fmt: skip
def test_the_terms_are_those_of_what_is_known(changed: dict[str, object], there: set[str], absent: set[str]) -> None:
    found = names(out(**changed))  # type: ignore[arg-type]
    assert there <= found
    assert not absent & found


@pytest.mark.parametrize(("apart", "repeats"), [(DAY, True), (4 * DAY, True), (6 * DAY, False), (DAY + 1800, False)])
def test_an_outage_at_the_time_of_one_of_the_last_days_repeats_it_also_after_a_restart(
    apart: int, repeats: bool
) -> None:
    run = Run("r", "replay", (PROBING,))
    stage, marks = FuseStage(0), "." * 24 + "L" * 12 + "." * 12
    revisions(verdicts(PROBING, marks + "." * (apart // 300 - len(marks)), run=run, at=AT), stage=stage)
    again = revisions(verdicts(PROBING, marks, run=run, at=AT + apart), stage=restarted(stage))
    assert ("repeats" in names(again[-1])) == repeats


def test_shutdowns_rank_above_power_failures_storms_and_a_province_at_war(data: Path) -> None:
    def found(case: str, entity: str) -> list[float]:
        outages = confirmed(in_memory(recorded(data / "signals" / case)).sorted())
        return [outage.likeness for outage in outages if outage.entity == entity]

    shutdowns = found("iraq-2023-exams", "IQ") + found("myanmar-2021-coup", "MM")
    others = [
        *found("zhytomyr-2022", "UA-18"), *found("venezuela-2019-blackout", "VE"),
        *found("louisiana-2020-laura", "US-Louisiana"),
    ]  # fmt: skip
    assert len(shutdowns) == 10
    assert len(others) >= 4
    assert min(shutdowns) > max(others)
