"""A consumer goes back to where its stages are, where another worker has acknowledged more than they know of."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from faust.types.tuples import TP

from pipeline.agents.transport import OrderedApp, OrderedProducer, StageConsumer


def test_what_a_stage_lacks_is_read_again() -> None:
    async def seek(place: TP, offset: int) -> None:
        sought[place] = offset

    sought: dict[TP, int] = {}
    behind, there, fresh, ahead = (TP("bins", partition) for partition in range(4))
    offsets = {behind: 806, there: 806, fresh: -1, ahead: 806}
    hosted = {place.partition: SimpleNamespace(offset=offset) for place, offset in offsets.items()}
    app = SimpleNamespace(hosts=[SimpleNamespace(topic="bins", hosted=hosted)])
    app.starts = lambda: OrderedApp.starts(app)  # type: ignore[arg-type]
    committed = {behind: 935, there: 807, fresh: 12, ahead: 800}
    consumer = SimpleNamespace(app=app, seek=seek, _committed_offset=committed)
    asyncio.run(StageConsumer.go_back(consumer))  # type: ignore[arg-type]
    assert sought == {behind: 807, fresh: 0}
    assert committed == {behind: 807, there: 807, fresh: 0, ahead: 800}


def test_the_messages_of_a_worker_are_numbered() -> None:
    producer = OrderedApp("netvigil", broker=["kafka://127.0.0.1:1"])._new_producer()
    assert isinstance(producer, OrderedProducer)
    assert producer._settings_extra() == {"acks": "all", "enable_idempotence": True}


def test_a_worker_leaves_no_folder_where_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = OrderedApp("netvigil", broker=["kafka://127.0.0.1:1"], store="memory://")
    app._create_directories()
    assert not list(tmp_path.iterdir())
