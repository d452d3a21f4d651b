"""Who is seen by counts so few that nothing can be said of them is named, and no other."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from detectors.base import UNKNOWN
from pipeline.cli.arguments import app
from pipeline.codec import iso
from pipeline.explain.unjudged import Unheard, Unjudged, hardly_judged
from pipeline.records import Entity, Verdicts
from tests.explain.shown import PK, SD, ZONG, T, verdicts

BEGIN = 1706745600


@pytest.mark.parametrize("routes", [0, 1])
def test_who_replays_a_telescope_that_hardly_sees_a_country_reads_so(tmp_path: Path, routes: int) -> None:
    rng = np.random.default_rng(2)
    rows = [
        f"{iso(BEGIN + 600 * i)},{signal},country,{name},{rng.poisson(mean)}\n"
        for i in range(3 * 144)
        for signal, name, mean in (
            ("telescope.ioda", "IQ", 2),
            ("telescope.ioda", "PK", 900),
            *[("bgp.ris", "IQ", 900)] * routes,
        )
    ]
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(rows))
    done = CliRunner().invoke(app, ["replay", str(tmp_path)], catch_exceptions=False)
    said = " ".join(done.stdout.split())
    assert done.exit_code == 1 - routes
    assert ("No all-clear for Iraq: hardly ever judged by any signal, so that only a loss of" in said) == (not routes)
    assert "Seen and hardly ever judged by stray packets (telescope.ioda): Iraq. Of values so small" in said
    done = CliRunner().invoke(app, ["replay", str(tmp_path), "--json"], catch_exceptions=False)
    told = json.loads(done.stdout)["hardly_judged"]
    assert told == [{"signal": "telescope.ioda", "entity_type": "country", "entity": "IQ"}]


def frame(i: int, silent: tuple[Entity, ...], entities: tuple[Entity, ...] = (PK,), **changed: object) -> Verdicts:
    made = verdicts(entities, at=T + 600 * i)
    state = np.where([[entity in silent for entity in entities]], np.int8(UNKNOWN), made.state)
    return replace(made, state=state, **changed)  # type: ignore[arg-type]


def test_who_was_judged_in_a_tenth_of_the_bins_is_not_named_and_who_was_in_fewer_is() -> None:
    for judged, told in ((2, []), (1, [("probing.ioda", "country", "PK")])):
        unjudged = Unjudged()
        for i in range(20):
            unjudged.take(frame(i, () if i < judged else (PK,)))
            unjudged.take(frame(0, (PK,)))  # what comes again is counted once
        assert [one[:3] for one in unjudged.told()] == told


def test_those_of_more_entities_are_counted_on_when_one_is_born() -> None:
    unjudged = Unjudged()
    unjudged.take(frame(0, (PK,)))
    unjudged.take(frame(1, (), (ZONG, PK, SD)))
    for i in range(2, 12):
        unjudged.take(frame(i, (PK, SD), (ZONG, PK, SD)))
    assert unjudged.told() == [Unheard("probing.ioda", "country", "PK"), Unheard("probing.ioda", "region", "PK-SD")]
    (said,) = hardly_judged(unjudged.told(), {})
    assert "probes (probing.ioda): Pakistan; PK-SD (Pakistan)." in said


def test_what_is_not_seen_or_too_new_is_not_named() -> None:
    for changed in ({"settled": np.zeros((1, 1), bool)}, {"value": np.full((1, 1), np.nan)}):
        unjudged = Unjudged()
        unjudged.take(frame(0, (PK,), **changed))
        assert unjudged.told() == []


def test_who_was_not_judged_for_a_day_is_named_with_the_time_however_well_it_was_judged_before() -> None:
    for bins, told in ((143, []), (144, [("probing.ioda", "country", "PK", T + 600 * 400, T + 600 * 544)])):
        for length in (1, 40, 800):
            unjudged = Unjudged()
            frames = [frame(i, (PK,) if 400 <= i < 400 + bins else ()) for i in range(800)]
            for at in range(0, 800, length):
                unjudged.take(together(frames[at : at + length]))
            assert unjudged.told() == [Unheard(*one) for one in told]
    (said,) = hardly_judged(unjudged.told(), {})
    assert said.startswith("No all-clear by probes (probing.ioda) for Pakistan, 2024-")


def test_nor_does_it_matter_whether_it_was_judged_before() -> None:
    """A cut that began before anything could be said is not told: whoever reads so must read this, too."""
    unjudged = Unjudged()
    unjudged.take(together([frame(i, (PK,) if i < 400 else ()) for i in range(800)]))
    assert unjudged.told() == [Unheard("probing.ioda", "country", "PK", T, T + 600 * 400)]


def test_a_hole_in_such_a_time_is_no_part_of_how_long_it_was() -> None:
    """It is said elsewhere that nothing was observed: 72 h in a hole are no 72 h of being seen and not judged."""
    nothing = np.full((1, 1), np.nan)
    for seen, told in ((143, []), (144, [Unheard("probing.ioda", "country", "PK", T, T + 600 * 576)])):
        unjudged = Unjudged()
        for i in range(800):
            hole = seen // 2 <= i < 432 + seen // 2
            unjudged.take(frame(i, (PK,) if i < 432 + seen else (), **({"value": nothing} if hole else {})))
        assert unjudged.told() == told
    early = Unheard("probing.ioda", "country", "PK", T, T + 600 * 200, 5, T + 600 * 200)
    (said,) = hardly_judged([early], {})
    assert " UTC and 5 hours more before: it counted so little" in said


def test_whoever_reads_of_the_longest_time_reads_that_there_were_others() -> None:
    unjudged = Unjudged()
    for i in range(800):
        unjudged.take(frame(i, (PK,) if 400 <= i < 544 or i % 100 < 10 or i == 777 else ()))
    (found,) = unjudged.told()
    assert found == Unheard("probing.ioda", "country", "PK", T + 600 * 400, T + 600 * 544, 10, T + 600 * 778)
    (said,) = hardly_judged([found], {})
    assert " UTC and 10 hours more, the last until 2024-02-13 11:25 UTC: it counted so little" in said


def together(frames: list[Verdicts]) -> Verdicts:
    """One frame of all their bins."""
    columns = {
        name: np.concatenate([getattr(frame, name) for frame in frames])
        for name, value in vars_of(frames[0]).items() if isinstance(value, np.ndarray)
    }  # fmt: skip
    return replace(frames[-1], **columns)


def vars_of(made: Verdicts) -> dict[str, object]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}
