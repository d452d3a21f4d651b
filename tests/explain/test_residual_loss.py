"""How much is left now of what is still out, beside what was lost at the worst."""

import json
from pathlib import Path

import pytest

from tests.explain.test_summary import replayed, series, without


def returned() -> str:
    """A series that fell to a fifth, and is at four fifths in its last hour."""
    half = series(72, low=range(9)).splitlines()
    rows = [row if i < len(half) - 6 else row.removesuffix("20") + "80" for i, row in enumerate(half)]
    return "".join(f"{row}\n" for row in rows)


def test_the_headline_says_what_is_mostly_back(tmp_path: Path) -> None:
    said = replayed(tmp_path, returned())
    assert "UTC: Pakistan (more than half back: what fell is at 80% of usual or more)." in said, said
    assert "UTC: Pakistan." in replayed(tmp_path, series(72, low=range(9)))


def test_how_much_must_be_back_is_a_setting(tmp_path: Path) -> None:
    settings = tmp_path / "mine.toml"
    settings.write_text("[fusing]\nbottom = 0.2\n")
    assert "UTC: Pakistan." in replayed(tmp_path, returned(), 0, "--settings", str(settings)), "it lacks a fifth"


def test_what_fell_just_before_the_end_is_told_without_what_was_there_before(tmp_path: Path) -> None:
    """Two bins of ten minutes are in the outage, and four of that hour before it: their mean was 68 %."""
    rows = series(72).splitlines()
    for at in (-2, -1):
        rows[at] = rows[at].removesuffix("100") + "5"
    said = replayed(tmp_path, "".join(f"{row}\n" for row in rows))
    assert "Now in Pakistan: probes (probing.ioda) at 5% of usual, 2024-02-07 23:50 to 2024-02-08 00:00 UTC." in said


def test_a_replay_tells_what_is_left_of_what_is_still_out(tmp_path: Path) -> None:
    half = series(72, low=range(9)).splitlines()
    rows = [row if i < len(half) - 24 else row.removesuffix("20") + "45" for i, row in enumerate(half)]
    table = "".join(f"{row}\n" for row in rows)
    said = replayed(tmp_path, table)
    assert "80%" in said, "the worst of it"
    assert "Now in Pakistan: probes (probing.ioda) at 45% of usual, 2024-02-07 23:50 to 2024-02-08 00:00 UTC." in said
    (now,) = json.loads(replayed(tmp_path, table, 0, "--json"))["now"]
    assert (now["signal"], now["start"], now["ratio"]) == (
        "probing.ioda",
        "2024-02-07T23:50:00Z",
        pytest.approx(0.45, abs=0.01),
    )
    assert "Now in" not in replayed(tmp_path, series(72, low=range(4, 9)))
    gone = without(table, 5, 0) + series(72, signal="traffic.radar")
    assert "Now in" not in replayed(tmp_path, gone, 1)
