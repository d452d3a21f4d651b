"""When an outage that deepens began: what it began in is no part of it, and yet a slow outage is one."""

import pytest

from pipeline.bins import DAY
from pipeline.fusion.outages import CONFIRMED, Life, Seen
from pipeline.records import Term
from pipeline.settings import Fusing

HOUR = 3600
CONFIRMED_AT = DAY + 4 * HOUR


def started(
    onset: int, at: int = CONFIRMED_AT, signals: tuple[str, ...] = ("traffic.radar", "bgp.ris"), width: int = HOUR
) -> int:
    """When an outage is said to have begun, that was dated ``DAY`` and confirmed four hours later, once something worse
    is seen ``at`` a time whose ``onset`` was then."""
    life = Life("country", "PK", "live", DAY, DAY, CONFIRMED, confirmed_at=CONFIRMED_AT, probability=0.97, peak=1.0)
    terms = tuple(Term(signal, 0.1, -9.0, 4.0, 1.0) for signal in signals)
    seen = Seen(
        at, probability=0.99, confirmed=True, onset=onset, dated=True, calm_from=at, width=width, finest=300,
        severity=0.9, gravity=8.0, waits=False, later=False, kind="blackout", terms=terms, day=None, part_of="",
        networks=0.0,
    )  # fmt: skip
    life.advance(seen, Fusing())
    return life.start


def test_what_was_worse_an_hour_or_more_later_is_when_it_began() -> None:
    assert started(DAY + HOUR, CONFIRMED_AT + HOUR) == DAY + HOUR
    assert started(CONFIRMED_AT, CONFIRMED_AT + 2 * HOUR) == CONFIRMED_AT


@pytest.mark.parametrize(
    ("onset", "at", "signals", "width"),
    [
        (DAY + HOUR - 60, CONFIRMED_AT + HOUR, ("traffic.radar", "bgp.ris"), HOUR),
        (DAY + HOUR, CONFIRMED_AT + HOUR, ("traffic.radar", "traffic.ioda"), HOUR),
        (DAY + HOUR, CONFIRMED_AT + 3 * HOUR, ("traffic.radar", "bgp.ris"), HOUR),
        (DAY + HOUR, CONFIRMED_AT + 900, ("traffic.radar", "bgp.ris"), 300),
        (CONFIRMED_AT + 300, CONFIRMED_AT + HOUR, ("traffic.radar", "bgp.ris"), HOUR),
    ],
    ids=["slow onset", "one kind of signals", "long confirmed", "long confirmed in its own bins", "after that"],
)
def test_else_it_stays_dated(onset: int, at: int, signals: tuple[str, ...], width: int) -> None:
    assert started(onset, at, signals, width) == DAY


@pytest.mark.parametrize("dated", [(False, True), (True, False)])
@pytest.mark.parametrize("later", [0, HOUR])
def test_of_bins_of_two_widths_that_confirm_it_any_that_saw_it_begin_dates_it(
    dated: tuple[bool, bool], later: int
) -> None:
    life = Life("country", "PK", "live", DAY, DAY)
    for was, onset in zip(dated, (DAY, DAY + later), strict=True):
        life.advance(seen(was, onset), Fusing())
    assert (life.state, life.start) == (CONFIRMED, DAY)
    assert life.dated == (dated[0] if later else True)


def seen(dated: bool, onset: int) -> Seen:
    return Seen(
        DAY + 2 * HOUR, probability=0.99, confirmed=True, onset=onset, dated=dated, calm_from=0, width=300, finest=300,
        severity=0.9, gravity=8.0, waits=False, later=False, kind="blackout", terms=(), day=None, part_of="",
        networks=0.0,
    )  # fmt: skip
