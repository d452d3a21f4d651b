"""A worker's log: what an operator has to read, and no more."""

import logging

import pytest

from pipeline.agents import worker
from pipeline.agents.worker import FIRST, NO_COORDINATOR, Rarely


def test_a_group_without_a_coordinator_is_an_error_only_once_a_broker_has_had_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(worker.time, "monotonic", lambda: now[0])
    rarely, said = Rarely(60.0), logging.makeLogRecord({"msg": NO_COORDINATOR})
    assert not rarely.filter(said)
    now[0] += FIRST
    assert rarely.filter(said)
    assert not rarely.filter(said)
