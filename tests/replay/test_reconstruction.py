"""The reconstruction of an election day: what is published of it holds for every seed."""

import datetime as dt
import tomllib
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.errors import UserError
from pipeline.explain.text import Gazetteer
from pipeline.feeds import chunks, open_source, read_entities, read_labels
from pipeline.records import Entity, Rows
from pipeline.replay.reconstruction import FACTS, FILES, Case, check_own, facts, reconstruct, write

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
    clock = start - MIDNIGHT // DAY * DAY
    today = (start >= begin) & (start + rows.width <= end)
    before = (clock < 0) & np.isin(start % DAY, start[today] % DAY)
    return float(values[name][today].mean() / values[name][before].mean())


@pytest.fixture(scope="module")
def case() -> Case:
    return reconstruct(0)


@pytest.fixture(scope="module")
def many() -> list[Case]:
    return [reconstruct(seed) for seed in range(25)]


def test_it_says_that_it_is_a_reconstruction_wherever_it_is_shown(case: Case, tmp_path: Path):
    write(case, tmp_path)
    assert case.title.startswith("reconstruction of Pakistan, 8 February 2024")
    assert {label.source for label in case.labels} == {"reconstruction of Pakistan, 8 February 2024"}
    assert "made, not measured" in (tmp_path / "README.md").read_text()


def test_every_place_that_names_one_of_its_entities_says_that_it_is_reconstructed(case: Case, tmp_path: Path):
    write(case, tmp_path)
    entities = {entity for rows in case.rows for entity in rows.entities}
    source = open_source(tmp_path)
    assert source.whole is not None
    read = {entity for rows in source.whole.series for entity in rows.entities}
    assert read == entities
    names = {Gazetteer().name(entity) for entity in read}
    assert {"Pakistan (reconstructed)", "Zong (reconstructed), AS59257 (Pakistan)"} <= names
    assert all("(reconstructed)" in name for name in names)


def test_every_fact_says_whether_it_is_published_or_assumed():
    table = tomllib.loads(FACTS.read_text())
    assert {fact["status"] for fact in table["facts"].values()} == {"published", "assumed"}
    assert all(fact["says"] for fact in table["facts"].values())
    assert [name for name, fact in facts()["facts"].items() if fact["status"] == "published"] == [
        "day", "networks", "onset", "restoration", "fixed", "bgp",
    ]  # fmt: skip


def test_it_has_twenty_seven_ordinary_days_and_the_day_on_the_grid_of_each_signal(case: Case):
    assert [(rows.signal, rows.width) for rows in case.rows] == [
        ("bgp.ris", 300), ("probing.ioda", 600), ("traffic.radar", 900),
    ]  # fmt: skip
    for rows in case.rows:
        start, _ = grid(rows)
        assert (start[0], start[-1] + rows.width) == (MIDNIGHT - 27 * DAY, MIDNIGHT + DAY)
        assert set(np.diff(start)) == {rows.width}
        assert np.all(start % rows.width == 0)
        assert np.isfinite(rows.value).all()
        assert (rows.value >= 0).all()


def test_its_entities_are_the_country_and_its_networks_with_the_mobile_ones_marked(case: Case):
    assert case.rows[0].entities[0] == Entity("country", "PK", "PK", title="Pakistan (reconstructed)")
    mobile = {e.name for e in case.rows[0].entities if e.mobile}
    assert mobile == set(MOBILE)
    assert {name for (_, name), kin in case.entities.items() if kin.mobile} == mobile
    assert {kin.parent for kin in case.entities.values()} == {"PK"}


def test_onsets_are_staggered_within_the_published_span_and_not_on_the_hour(many: list[Case]):
    for case in many:
        onsets = [label.start for label in case.labels if label.entity in MOBILE]
        assert len(set(onsets)) == 3
        assert all(at(1, 45) <= onset <= at(2, 30) and onset % 3600 for onset in onsets)
        assert max(onsets) - min(onsets) >= 10 * 60


def test_networks_come_back_from_three_in_the_afternoon_on(many: list[Case]):
    assert {at(15) <= label.end <= at(15, 30) for case in many for label in case.labels} == {True}
    assert len({label.end for case in many for label in case.labels}) > 3


def test_mobile_networks_lose_seventy_to_a_hundred_percent_and_fixed_ones_nothing(many: list[Case]):
    for case in many:
        traffic = case.rows[2]
        for name in MOBILE:
            assert -0.01 <= share(traffic, name, at(3), at(15)) <= 0.34
        for name in FIXED:
            assert 0.93 <= share(traffic, name, at(3), at(15)) <= 1.07


def test_the_countrys_traffic_falls_to_a_third_or_a_half(many: list[Case]):
    shares = [share(case.rows[2], "PK", at(3), at(15)) for case in many]
    assert 0.28 < min(shares) < 0.42
    assert 0.38 < max(shares) < 0.54


def test_everything_is_ordinary_before_and_after(many: list[Case]):
    for case in many:
        for rows in case.rows[1:]:
            for name in (*MOBILE, *FIXED, "PK"):
                assert 0.9 < share(rows, name, at(0), at(1, 45)) < 1.1
                assert 0.9 < share(rows, name, at(15, 30), at(24)) < 1.1


def test_bgp_stays_flat(many: list[Case]):
    for case in many:
        for name, values in grid(case.rows[0])[1].items():
            assert values.min() > 0.97 * values.max(), name


def test_probing_falls_with_the_mobile_networks(case: Case):
    assert 0.6 < share(case.rows[1], "PK", at(3), at(15)) < 0.8
    assert share(case.rows[1], "AS45669", at(3), at(15)) < 0.34


def test_traffic_follows_the_local_day(case: Case):
    start, values = grid(case.rows[2])
    ordinary = values["PK"][: 27 * 96].reshape(27, 96).mean(axis=0)
    local = ((start[:96] % DAY) / 3600 + 5) % 24
    assert 2 <= local[ordinary.argmin()] <= 6
    assert 18 <= local[ordinary.argmax()] <= 22
    assert 90 < ordinary.max() < 110


def test_the_same_seed_gives_the_same_and_another_one_another():
    one, again, other = reconstruct(3), reconstruct(3), reconstruct(4)
    assert one.labels == again.labels != other.labels
    for a, b, c in zip(one.rows, again.rows, other.rows, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
        assert not np.array_equal(a.value, c.value)


def test_what_is_written_is_read_back_as_the_same_case(case: Case, tmp_path: Path):
    write(case, tmp_path / "deep" / "case")
    source = open_source(tmp_path / "deep" / "case")
    assert source.whole is not None
    for written, made in zip(source.whole.series, case.rows, strict=True):
        assert (written.signal, written.width, written.slots, written.phase) == (
            made.signal,
            made.width,
            (),
            made.phase,
        )
        assert list(map(len, chunks([written]))) == list(map(len, chunks([made])))
        by_name = [grid_of[1] for grid_of in (grid(written), grid(made))]
        assert set(written.entities) == set(made.entities)
        for name in by_name[1]:
            np.testing.assert_array_equal(by_name[0][name], by_name[1][name])
    assert read_labels(tmp_path / "deep/case/labels.csv") == sorted(case.labels)
    assert read_entities(tmp_path / "deep/case/entities.csv") == case.entities


def test_the_table_is_in_order_of_time(case: Case, tmp_path: Path):
    write(case, tmp_path)
    lines = (tmp_path / "signals.csv").read_text().splitlines()
    stamps = [line.partition(",")[0] for line in lines[1:]]
    assert len(stamps) == sum(map(len, case.rows))
    assert stamps == sorted(stamps)
    assert dt.datetime.fromisoformat(stamps[0]).timestamp() == MIDNIGHT - 27 * DAY


def test_what_somebody_else_wrote_is_not_written_over(case: Case, tmp_path: Path):
    check_own(tmp_path / "nowhere")
    for name in FILES:
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text("mine")
        with pytest.raises(UserError, match=f"{name} is there already, and no reconstruction as the demo left it"):
            check_own(folder)
    assert sorted(FILES) == sorted(_names(case, tmp_path / "all"))


def _names(case: Case, folder: Path) -> list[str]:
    write(case, folder)
    return [path.name for path in folder.iterdir()]


def test_a_reconstruction_of_whatever_seed_is_written_anew_unless_it_was_changed(tmp_path: Path):
    write(reconstruct(3), tmp_path)
    check_own(tmp_path)
    with open(tmp_path / "signals.csv", "a") as table:
        table.write("2024-02-09T00:00:00Z,bgp.ris,country,PK,1\n")
    with pytest.raises(UserError, match=r"signals\.csv is there already"):
        check_own(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(case: Case, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write the case to"):
        write(case, tmp_path / "file")
