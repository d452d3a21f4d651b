"""When a board may say that all is calm, with promtool's own clock."""

from pathlib import Path
from typing import Any

import pytest

from dashboards.boards.states import fresh
from tests.dashboards.alerts import inputs, promtool_test

LIVE, REPLAY = (f'netvigil_event_timestamp_seconds{{tense="{tense}"}}' for tense in ("live", "replay"))
NOW = "0+60x600"
"""Event time that keeps up with promtool's clock, a sample a minute."""


@pytest.mark.system
@pytest.mark.parametrize(
    ("chosen", "series", "calm"),
    [
        ("live", [(LIVE, NOW)], True),
        ("live", [(LIVE, "0x600")], False),
        ("live", [(REPLAY, NOW)], False),
        ("replay", [(REPLAY, "7x600")], True),
        ("replay", [(LIVE, NOW)], False),
        (".*", [(LIVE, "0x600"), (REPLAY, NOW)], False),
        (".*", [(LIVE, "0x100 stale"), (REPLAY, NOW)], False),
        (".*", [(LIVE, NOW), (REPLAY, "7x600")], True),
    ],
)
def test_calm_is_said_of_what_is_chosen_and_never_for_what_is_live_by_a_replay(
    chosen: str, series: list[tuple[str, str]], calm: bool, tmp_path: Path
) -> None:
    expr = "count(" + fresh(f'tense=~"{chosen}"') + ")"
    samples: list[dict[str, Any]] = [{"labels": "{}", "value": 1}] if calm else []
    expected = [{"expr": expr, "eval_time": "5h", "exp_samples": samples}]
    promtool_test(tmp_path, [{"interval": "1m", "input_series": inputs(series), "promql_expr_test": expected}])
