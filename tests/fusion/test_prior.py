"""The prior is of the day of the place's calendar; with the terms that are told it adds up to the probability."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.codec import seconds
from pipeline.fusion import FuseStage
from pipeline.records import Entity, Outage, Run
from pipeline.settings import Fusing
from tests.fusion.outages import PROBING, TRAFFIC, restarted, revisions
from tests.judge.verdicts import COUNTRY, pieces, verdicts

HOUR, DAY = 3600, 86400
RUN = Run("r", "replay", (PROBING,))
MIDNIGHT = seconds("2024-02-07T19:00:00Z")
"""Of 8 February, in Karachi."""
FEAST = seconds("2024-12-25T00:00:00Z")
ELECTION = Fusing(days={"PK 2024-02-08": "election"})
LITTLE = 0.88
"""What is left of a loss that is suspected on such a day only [-]."""
DUTCH = Entity("country", "NL", "NL")


def little(
    marks: str, at: int, entity: Entity = COUNTRY, width: int = 300, settings: Fusing = ELECTION
) -> list[Outage]:
    frame = verdicts(PROBING, marks, run=RUN, at=at, left=LITTLE, width=width, entity=entity)
    return revisions(frame, settings=settings)


def days(outage: Outage) -> list[str]:
    return [term.signal for term in outage.signals if term.signal.startswith("day.")]


def test_a_loss_that_is_nothing_on_another_day_is_suspected_on_the_day_of_an_election() -> None:
    (outage,) = little("..ll", MIDNIGHT + HOUR)
    assert (outage.state, days(outage)) == ("suspected", ["day.election"])
    assert little("..ll", MIDNIGHT + HOUR, settings=Fusing()) == []


@pytest.mark.parametrize("day", ["election", "protest", "coup"])
@pytest.mark.parametrize("mark", [".", "?"])
def test_no_day_is_an_outage_by_itself(day: str, mark: str) -> None:
    assert little(mark * 288, MIDNIGHT, settings=Fusing(days={"PK 2024-02-08": day})) == []


@pytest.mark.parametrize(
    "entity", [Entity("country", "IN", "IN"), Entity("region", "PK-Sindh", "PK"), Entity("asn", "AS1", "PK")]
)
def test_a_day_is_that_of_its_country_alone(entity: Entity) -> None:
    assert little("..ll", MIDNIGHT + HOUR, entity) == little("..ll", MIDNIGHT + HOUR, entity, settings=Fusing())


@pytest.mark.parametrize(
    ("at", "width", "counts"),
    [
        (MIDNIGHT - 300, 300, False), (MIDNIGHT, 300, True), (MIDNIGHT + DAY - 300, 300, True),
        (MIDNIGHT + DAY, 300, False), (MIDNIGHT + 5 * HOUR, DAY, True), (MIDNIGHT - 19 * HOUR, DAY, False),
        (MIDNIGHT - HOUR, 6 * HOUR, True), (MIDNIGHT + DAY - HOUR, 6 * HOUR, False),
    ],
)  # fmt: skip
def test_the_day_goes_by_the_clock_of_the_country_and_by_the_most_of_a_bin(at: int, width: int, counts: bool) -> None:
    assert bool(little(".l", at - width, width=width)) == counts


def test_an_outage_that_goes_on_after_midnight_keeps_its_day_also_after_a_restart() -> None:
    stage = FuseStage(0, ELECTION, ("by hand",))
    whole = verdicts(PROBING, "..llll" + "l" * 12, run=RUN, at=MIDNIGHT + DAY - 1800, left=LITTLE)
    for piece in pieces(whole, 1800):
        revisions(piece, stage=stage)
        (outage,) = stage.open()
        assert days(outage) == ["day.election"]
        stage = restarted(stage)


@pytest.mark.parametrize(
    "entity", [DUTCH, Entity("region", "NL-NH", "NL"), Entity("asn", "AS1", "NL")], ids=["country", "region", "network"]
)
@pytest.mark.parametrize(("left", "sure"), [(0.05, True), (0.72, False)])
def test_on_a_public_holiday_it_takes_more_to_be_sure_but_a_total_loss_is_one(
    entity: Entity, left: float, sure: bool
) -> None:
    def last(at: int, settings: Fusing) -> Outage:
        run = Run("r", "replay", (TRAFFIC,))
        frame = verdicts(TRAFFIC, "." * 20 + "L" * 20, run=run, at=at, left=left, entity=entity)
        frame = replace(frame, score=np.where(frame.score < 0, -9.5 if left > 0.5 else -20.0, 0.0))
        return revisions(frame, settings=settings)[-1]

    assert (last(FEAST, Fusing()).confirmed_at is not None) == sure
    assert days(last(FEAST, Fusing())) == ["day.holiday"]
    for at, settings in ((FEAST + 3 * DAY, Fusing()), (FEAST, Fusing(holiday=0))):
        assert last(at, settings).confirmed_at is not None
        assert days(last(at, settings)) == []


@pytest.mark.parametrize("entity", [DUTCH, Entity("region", "NL-NH", "NL")], ids=["country", "region"])
@pytest.mark.parametrize("deeper", [2, 40])
@pytest.mark.parametrize(
    ("begin", "settings"),
    [
        (FEAST + DAY + 8 * HOUR, Fusing()),
        (FEAST + DAY + 8 * HOUR, Fusing(holiday=0)),
        (FEAST - 16 * HOUR, Fusing()),
        (FEAST - 16 * HOUR, Fusing(days={"NL 2024-12-24": "election"})),
    ],
    ids=["a feast and beyond", "feasts say nothing", "into a feast", "an election and a feast"],
)
def test_the_prior_and_the_terms_add_up_to_the_probability(
    entity: Entity, deeper: int, begin: int, settings: Fusing
) -> None:
    """An outage that loses a fifth, and after so many hours more."""
    lost = [0.0] * 24 + [0.2] * deeper + [0.28] * 24
    frame = verdicts(PROBING, "." * 24 + "L" * (deeper + 24), run=RUN, width=HOUR, at=begin - DAY, entity=entity)
    frame = replace(frame, value=100 * (1 - np.array(lost)[:, None]), score=np.where(frame.score < 0, -9.5, 0.0))
    found = [outage for outage in revisions(frame, settings=settings) if outage.state in ("suspected", "confirmed")]
    assert found
    for outage in found:
        odds = settings.prior[entity.type] + sum(term.weight for term in outage.signals)  # type: ignore[index]
        assert 1 / (1 + np.exp(-odds)) == pytest.approx(outage.probability, abs=0.003)


def test_a_prior_of_no_type_of_entity_is_refused_where_settings_are_made() -> None:
    with pytest.raises(ValueError, match="prior names no type of entity"):
        Fusing(prior={})
