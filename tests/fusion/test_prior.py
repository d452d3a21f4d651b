"""The prior: what an entity is, and the day of its country's calendar."""

import dataclasses
from datetime import datetime

import numpy as np
import pytest

from pipeline.codec import seconds
from pipeline.fusion import FuseStage
from pipeline.fusion.prior import Prior, of_day
from pipeline.fusion.roll import Roll
from pipeline.geo.calendar import Almanac
from pipeline.geo.countries import zone
from pipeline.records import Entity, Outage, Run, Term
from pipeline.settings import Fusing
from tests.judge.verdicts import verdicts

PROBING, HOUR, DAY = "probing.ioda", 3600, 86400
RUN = Run("r", "replay", (PROBING,))
MIDNIGHT = seconds("2024-02-07T19:00:00Z")
"""Of 8 February, in Karachi."""

ELECTION = Fusing(days={"PK 2024-02-08": "election"})
SAG = 0.88
"""What is left: as it is shown, it is no outage on a day like any other."""


def told(
    marks: str, at: int, settings: Fusing = ELECTION, entity: Entity | None = None, width: int = 300
) -> list[Outage]:
    stage = FuseStage(0, settings)
    own = {} if entity is None else {"entity": entity}
    frame = verdicts(PROBING, marks, run=RUN, at=at, left=SAG, width=width, **own)  # type: ignore[arg-type]
    return [out for out in stage.step(frame) if isinstance(out, Outage)]


def test_what_is_nothing_on_another_day_is_suspected_on_the_day_of_an_election_and_says_so() -> None:
    (outage,) = told("..ll", MIDNIGHT + HOUR)
    assert outage.state == "suspected"
    assert Term("day.election", None, None, 1.38, 1.0) in outage.signals
    assert told("..ll", MIDNIGHT + HOUR, Fusing()) == []
    assert told("..ll", MIDNIGHT + HOUR, dataclasses.replace(ELECTION, day_most=0.1)) == []


@pytest.mark.parametrize(
    "entity", [Entity("country", "IN", "IN"), Entity("region", "PK-Sindh", "PK"), Entity("asn", "AS1", "PK")]
)
def test_a_day_is_that_of_its_country_alone(entity: Entity) -> None:
    others = [told("..ll", MIDNIGHT + HOUR, settings, entity) for settings in (ELECTION, Fusing())]
    assert others[0] == others[1]


@pytest.mark.parametrize(
    ("entity", "day"),
    [(Entity("country", "PK", "PK"), ["day.election"]), (Entity("region", "PK-Sindh", "PK"), []),
     (Entity("asn", "AS1", "PK"), [])],
)  # fmt: skip
def test_no_region_or_network_is_told_to_be_out_on_the_day_of_an_election(entity: Entity, day: list[str]) -> None:
    stage = FuseStage(0, ELECTION)
    stage.step(verdicts(PROBING, "..LL", run=RUN, at=MIDNIGHT + HOUR, entity=entity))
    (outage,) = stage.open()
    assert [term.signal for term in outage.signals if term.signal.startswith("day.")] == day


@pytest.mark.parametrize("said", ["", "IN"])
def test_the_country_of_a_country_is_its_name_whatever_is_said_of_it(said: str) -> None:
    assert told("..ll", MIDNIGHT + HOUR, entity=Entity("country", "PK", said)) == told("..ll", MIDNIGHT + HOUR)


def test_the_day_goes_by_the_clock_of_the_country() -> None:
    """In UTC neither of the bins is of the eighth."""
    assert told(".l", MIDNIGHT - 600) == []
    assert len(told(".l", MIDNIGHT - 300)) == 1
    assert len(told(".l", MIDNIGHT + 24 * HOUR - 600)) == 1
    assert told(".l", MIDNIGHT + 24 * HOUR - 300) == []


@pytest.mark.parametrize(("width", "first"), [(DAY, 5 * HOUR), (6 * HOUR, 5 * HOUR), (6 * HOUR, -HOUR)])
def test_a_wide_bin_is_of_the_day_that_most_of_it_is_of(width: int, first: int) -> None:
    """A day of UTC ends at five in the morning in Karachi: it is not of that day."""
    assert len(told("l", MIDNIGHT + first, width=width)) == 1
    assert told("l", MIDNIGHT + first - DAY, width=width) == []
    assert told("l", MIDNIGHT + first + DAY, width=width) == []


def test_an_outage_that_goes_on_after_midnight_keeps_the_prior_of_the_day_that_it_began_on() -> None:
    """And does so from a snapshot taken after midnight."""
    on_the_day = verdicts(PROBING, "..llll", run=RUN, at=MIDNIGHT + 24 * HOUR - 1800, left=SAG)
    next_day = [verdicts(PROBING, "l" * 6, run=RUN, at=MIDNIGHT + 24 * HOUR + i * 1800, left=SAG) for i in (0, 1)]
    stage, resumed = FuseStage(0, ELECTION), FuseStage(0, ELECTION)
    stage.step(on_the_day)
    (begun,) = stage.open()
    assert stage.step(next_day[0])
    assert stage.open() == [begun]
    resumed.load(stage.save())
    assert stage.step(next_day[1]) == resumed.step(next_day[1])
    assert stage.open() == resumed.open() == [begun]


def test_bins_one_by_one_and_all_at_once_have_the_same_prior() -> None:
    marks, at = "." * 20 + "ll" + "." * 20 + "l", MIDNIGHT - 18 * 300
    stage = FuseStage(0, ELECTION)
    frames = [verdicts(PROBING, mark, run=RUN, at=at + i * 300, left=SAG) for i, mark in enumerate(marks)]
    one_by_one = [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]
    assert len({out.id for out in one_by_one}) == 2
    assert one_by_one == told(marks, at)


def test_no_day_is_enough_by_itself() -> None:
    """The most that one can say is half of what the prior says against an outage: no bin makes one of a mere day."""
    settings = Fusing()
    assert [of_day(kind, settings.day_most) for kind in ("election", "protest", "coup")] == pytest.approx(
        [1.384, 0.957, 2.0], abs=1e-3
    )
    for day in ("election", "protest", "coup"):
        assert told("." * 288, MIDNIGHT, Fusing(days={"PK 2024-02-08": day})) == []
        assert told("?" * 288, MIDNIGHT, Fusing(days={"PK 2024-02-08": day})) == []


def test_a_day_when_clocks_change_is_as_long_as_it_is_there() -> None:
    roll = Roll()
    roll.enter(Entity("country", "GB", "GB"))
    days = {"GB 2024-03-31": "election", "GB 2024-10-27": "election"}
    prior = Prior(roll, Fusing(holiday=0), Almanac(matter=days))
    starts = [seconds("2024-03-31T00:00:00Z"), seconds("2024-10-26T23:00:00Z")]
    ends = [start + hours * HOUR for start, hours in zip(starts, (23, 25), strict=True)]
    times = np.array([t for a, b in zip(starts, ends, strict=True) for t in (a - 1, a, b - 1, b)])[:, None]
    assert (prior.at(np.array([0]), times)[:, 0] > -4.0).tolist() == [False, True, True, False] * 2


FEAST = seconds("2024-12-25T00:00:00Z")


@pytest.mark.parametrize(
    "entity", [Entity("country", "NL", "NL"), Entity("region", "NL-NH", "NL"), Entity("asn", "AS1", "NL")]
)
@pytest.mark.parametrize(("left", "out"), [(0.05, True), (0.72, False)])
def test_on_a_public_holiday_it_takes_more_to_be_sure_but_what_is_gone_is_gone(
    entity: Entity, left: float, out: bool
) -> None:
    def sure(settings: Fusing, at: int) -> bool:
        stage = FuseStage(0, settings)
        marks = "." * 20 + "L" * 20
        frame = dataclasses.replace(verdicts(PROBING, marks, run=RUN, at=at, left=left, entity=entity))
        frame = dataclasses.replace(frame, score=np.where(frame.score < 0, -9.5, 0.0) * (1 if left > 0.5 else 2))
        stage.step(frame)
        (outage,) = stage.open()
        told = [term for term in outage.signals if term.signal == "day.holiday"]
        assert [term.weight for term in told] == ([-1.0] if settings.holiday and at == FEAST else [])
        return outage.confirmed_at is not None

    assert sure(Fusing(), FEAST) == out
    assert sure(Fusing(), FEAST + 3 * DAY)
    assert sure(Fusing(holiday=0), FEAST)


def test_what_begins_on_a_feast_is_judged_like_others_once_that_is_over() -> None:
    """Forty percent of the traffic are missing from the evening of the second feast day on, and for a week."""

    def confirmed(begin: int) -> int | None:
        stage = FuseStage(0, Fusing())
        marks = "." * 24 + "L" * 150
        frame = verdicts(
            PROBING, marks, run=RUN, width=HOUR, at=begin - DAY, left=0.72, entity=Entity("country", "NL", "NL")
        )
        stage.step(dataclasses.replace(frame, score=np.where(frame.score < 0, -9.5, 0.0)))
        (outage,) = stage.open()
        return outage.confirmed_at and outage.confirmed_at - begin

    assert confirmed(FEAST + DAY + 19 * HOUR) == 11 * HOUR  # at seven in the morning: the feast is slept off
    assert confirmed(FEAST + 3 * DAY) == HOUR


def test_an_election_that_is_a_holiday_is_an_election() -> None:
    roll = Roll()
    roll.enter(Entity("country", "NL", "NL"))
    prior = Prior(roll, Fusing(), Almanac(matter={"NL 2024-12-25": "election"}))
    term = prior.term(0, FEAST + HOUR, FEAST + HOUR)
    assert term is not None
    assert term.signal == "day.election"


def test_what_is_learnt_later_of_an_entity_counts_from_then_on() -> None:
    """A signal that does not say whose a network is came first."""
    roll = Roll()
    prior, when = Prior(roll, Fusing(), Almanac()), np.array([[FEAST + HOUR]])
    roll.enter(Entity("asn", "AS1"))
    assert prior.at(np.array([0]), when).tolist() == [[-4.0]]
    roll.enter(Entity("asn", "AS1", "NL"))
    assert prior.at(np.array([0]), when).tolist() == [[-5.0]]


EVE, ELECTED = FEAST - DAY, Fusing(days={"NL 2024-12-24": "election"})
"""Of the first feast day, which is no feast itself."""


def losses(begin: int, lost: list[float], entity: Entity, settings: Fusing) -> list[Outage]:
    """Revisions of an outage that has lost so much in each hour, as it went on."""
    frame = verdicts(PROBING, "." * 24 + "L" * len(lost), run=RUN, width=HOUR, at=begin - DAY, entity=entity)
    value = 100 * (1 - np.array([0.0] * 24 + lost)[:, None])
    frame = dataclasses.replace(frame, value=value, score=np.where(frame.score < 0, -9.5, 0.0))
    told = [out for out in FuseStage(0, settings).step(frame) if isinstance(out, Outage)]
    return [outage for outage in told if outage.state in ("suspected", "confirmed")]


@pytest.mark.parametrize("entity", [Entity("country", "NL", "NL"), Entity("region", "NL-NH", "NL")])
@pytest.mark.parametrize("deeper", [2, 20, 40])
@pytest.mark.parametrize(
    ("begin", "settings", "days"),
    [
        (FEAST + DAY + 8 * HOUR, Fusing(), ["day.holiday", ""]),
        (FEAST + DAY + 8 * HOUR, Fusing(holiday=0), [""]),
        (EVE + 8 * HOUR, Fusing(), [""]),
        (EVE + 8 * HOUR, ELECTED, ["day.election"]),
        (FEAST - 2 * DAY + 18 * HOUR, ELECTED, [""]),
    ],
    ids=["a feast and beyond", "feasts say nothing", "into a feast", "an election and a feast", "into an election"],
)
def test_the_prior_and_the_terms_that_are_told_add_up_to_the_probability(
    entity: Entity, deeper: int, begin: int, settings: Fusing, days: list[str]
) -> None:
    """Of what loses a fifth, and from some hour on more: however that lies to the day that counts."""
    told = losses(begin, [0.2] * deeper + [0.28] * 24, entity, settings)
    for outage in told:
        odds = -4.0 + sum(term.weight for term in outage.signals)
        assert 1 / (1 + np.exp(-odds)) == pytest.approx(outage.probability, abs=0.003)
    each = [next((term.signal for term in o.signals if term.signal.startswith("day.")), "") for o in told]
    counts = entity.type == "country" or days != ["day.election"]
    assert list(dict.fromkeys(each)) == (days if counts else [""])


def test_that_a_feast_is_over_is_told_though_nothing_else_has_changed_and_it_looked_worse_before() -> None:
    told = losses(
        FEAST + DAY + 8 * HOUR, [0.9] * 4 + [0.8] * 20, Entity("country", "NL", "NL"), Fusing(per_deviation=2.0)
    )
    shown = [(o.state, o.severity, round(o.probability, 1), [term.signal for term in o.signals]) for o in told]
    assert shown[-2:] == [
        ("confirmed", 0.9, 1.0, ["day.holiday", PROBING]),
        ("confirmed", 0.9, 1.0, [PROBING]),
    ]


def test_a_feast_counts_against_what_began_on_it_and_not_on_the_one_before() -> None:
    """Christmas is over for what began on it once it is slept off, also on New Year's Day."""
    roll = Roll()
    roll.enter(Entity("country", "NL", "NL"))
    prior, hours = Prior(roll, Fusing(), Almanac()), [FEAST + HOUR * n for n in (1, 24, 48, 53, 168)]
    now = np.array(hours)[:, None]
    began = np.full(now.shape, FEAST + HOUR)
    assert prior.at(np.array([0]), now, began)[:, 0].tolist() == [-5.0, -5.0, -5.0, -4.0, -4.0]
    assert prior.at(np.array([0]), now)[:, 0].tolist() == [-5.0, -5.0, -4.0, -4.0, -5.0]
    assert [prior.term(0, hour, FEAST + HOUR) is not None for hour in hours] == [True, True, True, False, False]


def test_the_days_of_one_country_are_not_those_of_another_that_is_looked_at_with_it() -> None:
    roll = Roll()
    for name in ("PK", "NL", "EG"):
        roll.enter(Entity("country", name, name))
    prior = Prior(roll, Fusing(), Almanac(matter={"PK 2024-12-26": "coup"}))
    assert prior.at(np.arange(3), np.array([[FEAST + DAY + HOUR]])).tolist() == [[-2.0, -5.0, -4.0]]


def test_a_prior_of_nothing_is_refused_where_settings_are_made() -> None:
    with pytest.raises(ValueError, match="prior names no type of entity"):
        Fusing(prior={})


@pytest.mark.parametrize("country", ["GH", "PK", "BR"])
def test_what_is_feared_does_not_hang_on_who_else_is_out(country: str) -> None:
    roll = Roll()
    for name in (country, "NL"):
        roll.enter(Entity("country", name, name))
    prior = Prior(roll, Fusing(), Almanac(matter={f"{country} 2024-02-08": "election"}))
    midnight = datetime(2024, 2, 8, tzinfo=zone(country)).timestamp()
    for hours, feared in ((-1, False), (0, True), (23, True), (24, True), (29, True), (30, False)):
        now = np.array([[int(midnight) + hours * HOUR + 60] * 2])
        for since in (now, now - [[0, 90 * DAY]]):
            both = prior.feared(np.array([0, 1]), now, since, np.zeros(2, bool))[0].tolist()
            alone = prior.feared(np.array([0]), now[:, :1], since[:, :1], np.zeros(1, bool))[0].tolist()
            assert (both, alone) == ([feared, False], [feared]), hours


def test_what_is_sure_and_was_there_on_such_a_day_is_feared_as_long_as_it_lasts() -> None:
    roll, sure = Roll(), np.array([True])
    roll.enter(Entity("country", "GH", "GH"))
    prior = Prior(roll, Fusing(), Almanac(matter={"GH 2024-02-08": "election"}))
    day, now = seconds("2024-02-08T00:00:00Z"), np.array([[seconds("2024-02-12T00:00:00Z")]])
    for hours, feared in ((-9, True), (9, True), (29, True), (31, False)):
        since = np.array([[day + hours * HOUR]])
        assert prior.feared(np.array([0]), now, since, sure)[0].tolist() == [feared]
        assert prior.feared(np.array([0]), now, since, ~sure)[0].tolist() == [False]
