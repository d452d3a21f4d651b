"""What the demo shows is what was published of the day, whatever the seed."""

import pytest

from pipeline.codec import seconds
from pipeline.engine import Engine
from pipeline.feeds import Recording, chunks
from pipeline.records import Outage, Run
from pipeline.replay.playback import Playback
from pipeline.replay.reconstruction import reconstruct
from pipeline.replay.report import through_memory

MOBILE = {"AS59257", "AS45669", "AS24499"}
FIRST, LAST, BACK = (seconds(f"2024-02-08T{clock}:00Z") for clock in ("01:45", "02:30", "15:00"))
BIN = 900
"""The widest bin of the signals: traffic [s]."""


def confirmed(seed: int) -> list[Outage]:
    made = reconstruct(seed)
    signals = tuple(rows.signal for rows in made.rows)
    playback = Playback([Recording("table", signals, chunks(made.rows))], Run("demo", "replay", signals))
    found = through_memory(playback, Engine(), playback.run, lambda output: None).sorted()
    return [outage for outage in found if outage.confirmed_at is not None and outage.state != "retracted"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 13])
def test_three_mobile_networks_and_their_country_are_out_from_dawn_to_afternoon_and_routes_stand(seed: int) -> None:
    outages = {(outage.entity_type, outage.entity): outage for outage in confirmed(seed)}
    assert outages.keys() == {("country", "PK"), *(("asn", name) for name in MOBILE)}
    assert outages["country", "PK"].kind in ("mobile", "partial")
    for outage in outages.values():
        assert FIRST - BIN <= outage.start <= LAST + BIN
        assert outage.state == "ended"
        assert outage.end is not None
        assert BACK <= outage.end <= BACK + 2 * BIN
        assert all(term.weight <= 0 for term in outage.signals if term.signal.startswith("bgp."))
