"""A worker that ends waits for a broker that answers, and not for one that does not."""

import threading
import time
from types import SimpleNamespace

import pytest

from pipeline.agents import worker
from pipeline.agents.worker import Worker


def test_a_broker_that_answers_is_given_the_time_that_a_large_state_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[float] = []
    monkeypatch.setattr(worker, "LEAVING", 0.3)
    monkeypatch.setattr(worker, "_end", lambda sentence: ended.append(time.monotonic()))
    begun, one = time.monotonic(), SimpleNamespace(app=SimpleNamespace(heard=0.0))
    watch = threading.Thread(target=Worker._watch, args=(one, begun))
    watch.start()
    while time.monotonic() < begun + 0.9:
        one.app.heard = time.monotonic()
        time.sleep(0.02)
    assert not ended
    watch.join(5)
    assert 0.3 <= ended[0] - one.app.heard < 0.6
