"""Written history: what Prometheus makes of it."""

import io
import json
import math
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.history import History, Sample, write_history
from pipeline.metrics import Metrics
from pipeline.records import Entity
from pipeline.shown import RESTORED_FOR
from tests.pipeline.shown import PK, ZONG, T, outage, verdicts
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


def test_an_outage_stands_from_onset_to_end_in_its_last_revision() -> None:
    history = History()
    history.observe(verdicts())
    history.outage(outage("suspected", 1, kind="unknown", confirmed_at=None))
    history.outage(outage("ended", 3, end=T + 600))
    assert [line.split()[-2:] for line in lines(history, "outage_active")] == [
        ["1.0", str(T)], ["1.0", str(T + 240)], ["1.0", str(T + 480)],
    ]  # fmt: skip


def test_an_outage_that_ended_reads_as_open_while_it_lasted_and_as_restored_for_a_while() -> None:
    history = History()
    history.observe(verdicts())
    history.outage(outage("ended", 3, end=T + 600))
    assert 'state="confirmed"' in lines(history, "outage_info")[0]
    first, *_, last = lines(history, "restored_info")
    assert 'outcome="restored"' in first
    assert (int(first.split()[-1]), int(last.split()[-1])) == (T + 600, T + 600 + RESTORED_FOR - 240)


def test_what_is_open_at_the_end_of_the_recording_stays_open_to_its_end() -> None:
    history = History()
    history.observe(verdicts(at=T + 600))
    history.outage(outage())
    assert lines(history, "outage_active")[-1].endswith(f" 1.0 {T + 960}")


def test_a_retracted_suspicion_is_not_history() -> None:
    history = History()
    history.outage(outage("retracted", 2, confirmed_at=None, end=T + 60))
    assert not lines(history, "outage")


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
    history.outage(outage("ended", 3, end=T + 7200))
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
    text = io.StringIO()
    history.write(text)
    exposed = generate_latest(registry).decode().splitlines()
    live = {series(line) for line in exposed if line.startswith(("netvigil_signal", "netvigil_outage_"))}
    assert len(live) > 10
    assert live <= {series(line) for line in text.getvalue().splitlines() if not line.startswith("#")}
