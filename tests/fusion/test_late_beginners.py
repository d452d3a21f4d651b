"""However long the pieces are in which a recording is read, whoever begins within one begins at the same bin."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.feeds import recordings
from pipeline.fusion.evidence import Said, weights
from pipeline.records import UP, Bins, Entity, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import through_memory
from pipeline.settings import Fusing
from pipeline.signals.merging import cut

DAY, WIDTH, NETWORKS = 86_400, 900, 12
BEGIN = 19_724 * DAY


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of networks that are dark in the morning of the ninth; at noon of it their country has a row, too."""
    rng, folder = np.random.default_rng(1), tmp_path_factory.mktemp("late")
    dark, noon = (8 * DAY + 6 * 3600, 8 * DAY + 10 * 3600), 8 * DAY + 12 * 3600
    rows = ["time,signal,entity_type,entity,value"]
    for t in range(0, 10 * DAY, WIDTH):
        left = 0.05 if dark[0] <= t < dark[1] else 1.0
        stamp = iso(BEGIN + t)
        rows += [f"{stamp},traffic.radar,asn,AS{100 + i},{rng.poisson(5000 * left)}" for i in range(NETWORKS)]
        rows += [f"{stamp},traffic.radar,country,PK,{rng.poisson(60_000)}"] if t >= noon else []
    (folder / "signals.csv").write_text("\n".join(rows) + "\n")
    kin = [f"asn,AS{100 + i},PK,,no" for i in range(NETWORKS)]
    (folder / "entities.csv").write_text("\n".join(["entity_type,entity,parent,name,mobile", *kin]) + "\n")
    return folder


def told(case: Path, piece: int) -> bytes:
    found = recordings([case], piece)
    run = Run("late", "replay", tuple(signal for one in found for signal in one.signals))
    return through_memory(Playback(found, run), Engine(), run, lambda _: None).lines()


def test_a_country_whose_row_begins_at_noon_was_out_by_its_networks_in_the_morning(case: Path) -> None:
    whole = told(case, DAY)
    assert whole == told(case, WIDTH) == told(case, 7 * WIDTH)
    assert b'"entity":"PK"' in whole


def test_a_frame_is_cut_where_somebody_begins_and_says_only_at_its_end_how_its_feed_is() -> None:
    nan, one = np.nan, 1.0
    health = np.array([[one, nan, nan], [one, nan, nan], [one, one, nan], [one, nan, one]], np.float32)
    entities = tuple(Entity("country", name, name) for name in ("IQ", "MM", "PK"))
    value = np.arange(12.0).reshape(4, 3)
    bins = Bins(Run(), "table", -1, "bgp.ris", 300, 1500, "dead", entities, np.arange(0, 1200, 300), value, health)
    pieces = cut(bins)
    assert [(p.start.tolist(), [e.name for e in p.entities], p.watermark, p.status) for p in pieces] == [
        ([0, 300], ["IQ"], 600, UP), ([600], ["IQ", "MM"], 900, UP), ([900], ["IQ", "MM", "PK"], 1500, "dead"),
    ]  # fmt: skip
    for piece in pieces:
        rows, columns = piece.start // 300, [entities.index(entity) for entity in piece.entities]
        np.testing.assert_array_equal(piece.value, value[np.ix_(rows, columns)])
        np.testing.assert_array_equal(piece.health, health[np.ix_(rows, columns)])


def test_a_slow_detector_that_is_low_where_nothing_is_lost_says_nothing() -> None:
    column = np.array([[2], [3], [2], [3]], np.int8)  # low provisional, and confirmed
    one = np.ones((4, 1))
    said = Said("traffic.radar/cusum", 0, (), one, one, -5 * one, column, one)
    lost = np.array([[0.3], [0.3], [0.0], [0.0]])
    found = weights(said, lost, np.ones(1), np.array([True]), Fusing())[:, 0]
    assert (found[:2] > 0).all()
    assert (found[2:] == 0).all()
