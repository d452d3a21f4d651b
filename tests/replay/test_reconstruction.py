"""The reconstruction of an election day: what is published of it holds for every seed."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.errors import UserError
from pipeline.explain.text import entity_name
from pipeline.feeds import open_source, read_entities, read_labels
from pipeline.records import Rows
from pipeline.replay.reconstruction import FILES, Case, check_own, facts, reconstruct, write
from tests.replay.runners import in_memory
from tests.replay.tapes import pieces
from tests.replay.truth import confirmed

MIDNIGHT = 1_707_350_400
"""8 February 2024, 00:00 UTC."""
MOBILE = ("AS59257", "AS45669", "AS24499")
FIXED = ("AS17557", "AS9541")


def at(hour: int, minute: int = 0) -> int:
    return MIDNIGHT + 3600 * hour + 60 * minute


def grid(rows: Rows) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Bin starts, and the values of each entity by name."""
    values = rows.value.reshape(-1, len(rows.entities))
    return rows.time[:: len(rows.entities)], {e.name: values[:, i] for i, e in enumerate(rows.entities)}


def share(rows: Rows, name: str, begin: int, end: int) -> float:
    """Mean of an entity over a part of the day, against the same part of the 27 days before."""
    start, values = grid(rows)
    today = (start >= begin) & (start + rows.width <= end)
    before = (start < MIDNIGHT) & np.isin(start % DAY, start[today] % DAY)
    return float(values[name][today].mean() / values[name][before].mean())


@pytest.fixture(scope="module")
def many() -> list[Case]:
    return [reconstruct(seed) for seed in range(6)]


def test_every_fact_says_whether_it_is_published_or_assumed():
    assert all(fact["says"] and fact["status"] in ("published", "assumed") for fact in facts()["facts"].values())
    assert [name for name, fact in facts()["facts"].items() if fact["status"] == "published"] == [
        "day", "networks", "onset", "restoration", "fixed", "bgp",
    ]  # fmt: skip


def test_onsets_are_staggered_and_networks_return_from_three_in_the_afternoon_on(many: list[Case]):
    for case in many:
        onsets = [label.start for label in case.labels if label.entity in MOBILE]
        assert len(set(onsets)) == 3
        assert all(at(1, 45) <= onset <= at(2, 30) and onset % 3600 for onset in onsets)
        assert max(onsets) - min(onsets) >= 10 * 60
        assert all(at(15) <= label.end <= at(15, 30) for label in case.labels)


def test_mobile_networks_lose_most_traffic_fixed_ones_nothing_and_routes_stay(many: list[Case]):
    for routes, probes, traffic in (case.rows for case in many):
        for name in (*MOBILE, *FIXED):
            lost = share(traffic, name, at(3), at(15))
            assert (-0.01 <= lost <= 0.34) if name in MOBILE else (0.93 <= lost <= 1.07)
        assert 0.28 < share(traffic, "PK", at(3), at(15)) < 0.54
        assert 0.6 < share(probes, "PK", at(3), at(15)) < 0.8
        assert all(values.min() > 0.97 * values.max() for values in grid(routes)[1].values())
        for rows, name in ((rows, name) for rows in (probes, traffic) for name in (*MOBILE, *FIXED, "PK")):
            assert 0.9 < share(rows, name, at(0), at(1, 45)) < 1.1
            assert 0.9 < share(rows, name, at(15, 30), at(24)) < 1.1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 13])
def test_what_is_published_of_the_day_is_found_whatever_the_seed(seed: int):
    rows = [rows.take(rows.time >= MIDNIGHT - 9 * DAY) for rows in reconstruct(seed).rows]
    found = confirmed(in_memory(pieces(rows)).sorted())
    assert sorted(outage.entity for outage in found) == sorted([*MOBILE, "PK"])
    for outage in found:
        assert outage.entity_type == "asn" or outage.kind in ("mobile", "partial")
        assert at(1, 30) <= outage.start <= at(2, 45)
        assert outage.state == "ended"
        assert at(15) <= outage.end <= at(15, 30)
        assert all(term.weight <= 0 for term in outage.signals if term.signal.startswith("bgp."))


def test_the_same_seed_gives_the_same_and_another_one_another(many: list[Case]):
    again = reconstruct(3)
    assert many[3].labels == again.labels != many[4].labels
    for a, b, c in zip(many[3].rows, again.rows, many[4].rows, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
        assert not np.array_equal(a.value, c.value)


def test_what_is_written_is_read_back_and_says_everywhere_that_it_is_a_reconstruction(many: list[Case], tmp_path: Path):
    case, folder = many[0], tmp_path / "deep" / "case"
    write(case, folder)
    source = open_source(folder)
    assert source.whole is not None
    for written, made in zip(source.whole.series, case.rows, strict=True):
        assert (written.signal, written.width, written.phase) == (made.signal, made.width, made.phase)
        for name, values in grid(made)[1].items():
            np.testing.assert_array_equal(grid(written)[1][name], values)
        names = {entity_name(entity) for entity in written.entities}
        assert {"Pakistan (reconstructed)", "Zong (reconstructed), AS59257 (Pakistan)"} <= names
        assert all("(reconstructed)" in name for name in names)
        assert {entity.name for entity in written.entities if entity.mobile} == set(MOBILE)
    assert read_labels(folder / "labels.csv") == sorted(case.labels)
    assert {label.source for label in case.labels} == {"reconstruction of Pakistan, 8 February 2024"}
    assert read_entities(folder / "entities.csv") == case.entities
    assert "made, not measured" in (folder / "README.md").read_text()
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_only_an_unchanged_reconstruction_is_written_over(many: list[Case], tmp_path: Path):
    check_own(tmp_path / "nowhere")
    write(many[3], tmp_path)
    check_own(tmp_path)
    for name in FILES:
        (tmp_path / name).write_text("mine")
        with pytest.raises(UserError, match="is there already, and no reconstruction as the demo left it"):
            check_own(tmp_path)
    with pytest.raises(UserError, match="cannot write the case to"):
        write(many[0], tmp_path / "README.md")
