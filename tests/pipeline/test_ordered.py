"""What workers send is numbered: nothing is taken behind a message that did not arrive."""

from pipeline.agents.ordered import Numbered, Ordered


def test_the_messages_of_a_worker_are_numbered() -> None:
    producer = Ordered("netvigil", broker=["kafka://127.0.0.1:1"])._new_producer()
    assert isinstance(producer, Numbered)
    assert producer._settings_extra() == {"acks": "all", "enable_idempotence": True}
