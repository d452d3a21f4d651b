"""What workers send is numbered: nothing is taken behind a message that did not arrive; and they need no folder."""

from pathlib import Path

import pytest

from pipeline.agents.ordered import Numbered, Ordered


def test_the_messages_of_a_worker_are_numbered() -> None:
    producer = Ordered("netvigil", broker=["kafka://127.0.0.1:1"])._new_producer()
    assert isinstance(producer, Numbered)
    assert producer._settings_extra() == {"acks": "all", "enable_idempotence": True}


def test_a_worker_leaves_no_folder_where_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = Ordered("netvigil", broker=["kafka://127.0.0.1:1"], store="memory://")
    app._create_directories()
    assert not list(tmp_path.iterdir())
