"""A consumer goes back to where its stages are, where another worker has acknowledged more than they contain."""

import asyncio
from types import SimpleNamespace

from faust.types.tuples import TP

from pipeline.agents.transport import OrderedApp, StageConsumer


def test_messages_that_a_stage_lacks_are_read_again() -> None:
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
