"""What moves every series of a feed at once stands on the board as the feed's, and nobody is out."""

from pathlib import Path

import pytest

from pipeline.engine import Engine, chain
from pipeline.fusion import Fused
from pipeline.serve.openmetrics import History
from tests.dashboards.servers import history_prometheus
from tests.dashboards.test_boards import panels
from tests.replay.tapes import recorded


@pytest.mark.system
@pytest.mark.sockets
def test_the_dips_of_britain_are_seen_as_the_feed_s_own(data: Path, tmp_path: Path) -> None:
    history = History()
    for out in chain(recorded(data / "signals" / "control-britain-2020-peerloss"), Engine()):
        if isinstance(out, Fused):
            history.observe(out.verdicts, out.bin)
    exprs = [p["targets"][0]["expr"] for _, p in panels() if p["title"] == "Moved by the feed itself"]
    assert len(exprs) == 2, "of all countries, and of one"
    with history_prometheus(history, tmp_path) as asked:
        for expr in exprs:
            moved = expr.replace("$country", "GB")
            (series,) = asked.over(moved, history.last - 35 * 86400, history.last, step=6 * 3600)
            assert series["metric"] == {"signal": "bgp.routeviews"}
            values = [float(value) for _, value in series["values"]]
            assert min(values) < -8
            assert sum(value == 0 for value in values) > 0.6 * len(values)
        of_another = max(exprs, key=len).replace("$country", "PK")
        assert not asked.over(of_another, history.last - 35 * 86400, history.last, step=6 * 3600)
