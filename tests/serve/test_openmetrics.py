"""Written history: what Prometheus makes of it."""

import io
import itertools
import json
import math
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.records import Entity
from pipeline.serve.exposition import RESTORED_FOR, TOLD_FOR
from pipeline.serve.metrics import Metrics
from pipeline.serve.openmetrics import History, Sample, write_history
from tests.explain.shown import PK, ZONG, T, outage, verdicts
from tests.programs import program


def lines(history: History, *names: str) -> list[str]:
    text = io.StringIO()
    history.write(text)
    return [line for line in text.getvalue().splitlines() if line.startswith(tuple("netvigil_" + n for n in names))]


def test_samples_are_sorted_within_each_series_and_families_stand_together() -> None:
    a, b = (("entity", "A"),), (("entity", "B"),)
    text = io.StringIO()
    n = write_history(
        [Sample("y", a, 20, 2.0), Sample("x", b, 5, 1.0), Sample("y", a, 10, math.nan), Sample("x", a, 5, 0.0)], text
    )
    assert n == 4
    assert text.getvalue().splitlines() == [
        "# TYPE x unknown", 'x{entity="A"} 0.0 5', 'x{entity="B"} 1.0 5',
        "# TYPE y unknown", 'y{entity="A"} NaN 10', 'y{entity="A"} 2.0 20', "# EOF",
    ]  # fmt: skip


def test_odd_names_are_escaped() -> None:
    text = io.StringIO()
    write_history([Sample("x", (("entity", 'a"b\\c\nd'),), 1, 1.0)], text)
    assert 'x{entity="a\\"b\\\\c\\nd"} 1.0 1' in text.getvalue()


def test_a_wide_bin_is_held_until_its_end() -> None:
    history = History()
    history.observe(verdicts(at=0, value=50.0))
    history.observe(verdicts(at=600, value=math.nan))
    assert [line.split()[-2:] for line in lines(history, "signal_value")] == [
        ["50.0", "0"], ["50.0", "240"], ["50.0", "480"], ["NaN", "600"], ["NaN", "840"], ["NaN", "1080"],
    ]  # fmt: skip


def test_a_bin_is_held_until_the_next_where_bins_are_uneven() -> None:
    history = History()
    hours = (6, 10, 16, 20, 30)
    for hour in hours:
        history.observe(verdicts(at=hour * 3600, width=4 * 3600, value=float(hour)))
    for name in ("signal_value", "event_timestamp", "bin_health"):
        of = times(lines(history, name))
        assert (of[0], of[-1]) == (6 * 3600, 34 * 3600 - 240)
        assert max(b - a for a, b in itertools.pairwise(of)) <= 240, "Prometheus would show a hole"
    shown = {int(line.split()[-1]): float(line.split()[-2]) for line in lines(history, "signal_value")}
    assert all(shown[at] == max(hour for hour in hours if hour * 3600 <= at) for at in shown)


def test_a_bin_is_not_held_over_a_silence_of_days_nor_over_what_was_not_observed() -> None:
    history = History()
    for at, value in ((0, 50.0), (600, math.nan), (3 * 86400, 70.0)):
        history.observe(verdicts(at=at, value=value))
    shown = [line.split()[-2:] for line in lines(history, "signal_value")]
    assert max(at for at in map(int, (line[1] for line in shown)) if at < 3 * 86400) < 1200
    assert {value for value, at in shown if 600 <= int(at) < 1200} == {"NaN"}


def lived(*, end: int = T + 6000) -> History:
    """An outage from T on, detected at T + 900, confirmed at T + 1800, known to have ended 1800 s after its end."""
    history = History()
    history.observe(verdicts(at=T + 300))
    history.outage(outage("suspected", 1, kind="unknown", confirmed_at=None, severity=0.3))
    history.observe(verdicts(at=T + 1200))
    history.outage(outage("confirmed", 2, severity=0.5))
    history.observe(verdicts(at=T + 2400))
    history.outage(outage("confirmed", 3, severity=0.8))
    history.observe(verdicts(at=end + 1200))
    history.outage(outage("ended", 4, end=end))
    return history


def times(found: list[str]) -> list[int]:
    return [int(line.split()[-1]) for line in found]


def test_an_outage_is_shown_as_it_was_known_and_not_with_hindsight() -> None:
    active = lines(lived(), "outage_active")
    suspected = times([line for line in active if line.split()[-2] == "0.0"])
    confirmed = times([line for line in active if line.split()[-2] == "1.0"])
    assert (suspected[0], suspected[-1]) == (T + 900, T + 1800 - 301)
    assert (confirmed[0], confirmed[-1]) == (T + 1800, T + 7800 - 301)
    assert len(suspected) + len(confirmed) == len(active)


def test_each_revision_holds_until_the_next_one_is_known() -> None:
    found = lines(lived(), "outage_severity")
    first = {
        value: min(times([line for line in found if line.split()[-2] == value])) for value in ("0.3", "0.5", "0.8")
    }
    assert first == {"0.3": T + 900, "0.5": T + 1800, "0.8": T + 3000}


def test_the_onset_is_told_from_when_the_outage_is_known() -> None:
    found = lines(lived(), "outage_start")
    assert {float(line.split()[-2]) for line in found} == {float(T)}
    assert min(times(found)) == T + 900


def test_no_sample_of_a_series_stands_further_from_the_next_than_prometheus_remembers() -> None:
    of = sorted(times(lines(lived(), "outage_active")))
    assert max(b - a for a, b in itertools.pairwise(of)) <= 301


def test_an_outage_that_ended_reads_as_restored_for_a_while_from_when_that_was_known() -> None:
    first, *_, last = lines(lived(), "restored_info")
    assert 'outcome="restored"' in first
    assert times([first, last]) == [T + 7800, T + 6000 + RESTORED_FOR - 301]


def test_an_end_that_is_known_only_hours_after_it_reads_as_restored_too() -> None:
    history = History()
    history.observe(verdicts(at=T + 1200))
    history.outage(outage())
    history.observe(verdicts(at=T + 5 * 3600, width=6 * 3600))
    history.outage(outage("ended", 3, end=T + 5 * 3600))
    first, *_, last = lines(history, "restored_info")
    assert times([first, last]) == [T + 11 * 3600, T + 11 * 3600 + TOLD_FOR - 301]


def test_what_is_open_at_the_end_of_the_recording_stays_open_to_its_end() -> None:
    history = History()
    history.observe(verdicts(at=T + 1200))
    history.outage(outage())
    history.observe(verdicts(at=T + 3000))
    assert lines(history, "outage_active")[-1].endswith(f" 1.0 {T + 3600 - 301}")


def test_a_suspicion_that_is_taken_back_was_one_until_then() -> None:
    history = History()
    history.outage(outage("suspected", 1, confirmed_at=None))
    history.observe(verdicts(at=T + 1800))
    history.outage(outage("retracted", 2, confirmed_at=None, end=T + 60))
    active = lines(history, "outage_active")
    assert {line.split()[-2] for line in active} == {"0.0"}
    assert max(times(active)) == T + 2400 - 301
    assert not lines(history, "restored")


def test_of_all_the_networks_of_the_world_only_those_asked_for_are_written() -> None:
    crowd = tuple(Entity("asn", f"AS{i}", "PK") for i in range(600))
    history = History(keep=lambda entity: entity.name == ZONG.name)
    history.observe(verdicts((PK, *crowd, ZONG)))
    written = lines(history, "signal_value")
    assert {line.partition('entity="')[2].partition('"')[0] for line in written} == {"PK", "AS59257"}


@pytest.mark.system
def test_promtool_takes_every_sample_at_its_time(tmp_path: Path) -> None:
    history = History()
    for bin_ in range(48):
        history.observe(verdicts((PK, ZONG), at=T + bin_ * 600, value=100.0 - bin_))
        history.outage(outage("confirmed", 2 + bin_, severity=bin_ / 100))
    history.outage(outage("ended", 90, end=T + 7200))
    with (tmp_path / "h.om").open("w") as file:
        written = history.write(file)
    blocks = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=744h"]
    subprocess.run([*blocks, tmp_path / "h.om", tmp_path / "db"], check=True, capture_output=True)
    metas = [json.loads(meta.read_text()) for meta in (tmp_path / "db").glob("*/meta.json")]
    assert sum(meta["stats"]["numSamples"] for meta in metas) == written
    assert min(meta["minTime"] for meta in metas) == T * 1000


def series(line: str) -> tuple[str, frozenset[str]]:
    name, _, labels = line.partition("{")
    return name, frozenset(pair.rstrip('"') for pair in labels.partition("} ")[0].split('",'))


def test_history_shows_what_live_metrics_show() -> None:
    registry, history = CollectorRegistry(), History()
    metrics = Metrics.on(registry, tense="replay")
    for part in (metrics, history):
        part.observe(verdicts(tense="replay"))
        part.outage(outage(tense="replay"))
        part.observe(verdicts(tense="replay", at=T + 1800))
    text = io.StringIO()
    history.write(text)
    exposed = generate_latest(registry).decode().splitlines()
    live = {series(line) for line in exposed if line.startswith(("netvigil_signal", "netvigil_outage_"))}
    assert len(live) > 10
    assert live <= {series(line) for line in text.getvalue().splitlines() if not line.startswith("#")}


def test_what_became_known_with_the_last_bin_is_written_too():
    history = History()
    history.observe(verdicts())
    known = history.last
    history.outage(outage("confirmed", 1, detected_at=known, confirmed_at=known))
    text = io.StringIO()
    history.write(text)
    assert [line for line in text.getvalue().splitlines() if line.startswith("netvigil_outage_active{")] != []
