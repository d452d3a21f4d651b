"""Every polled feed against a look-alike of its publisher, as it is and when it changes."""

import pytest

from pipeline.feeds.polled import Polled
from pipeline.feeds.registry import POLLED
from tests.feeds.live.polling import DAY, HOUR, START, Story, given

pytestmark = pytest.mark.sockets

EVERY = pytest.mark.parametrize("polled", POLLED.values(), ids=POLLED)


@EVERY
def test_a_feed_gives_its_past_and_then_each_bin_once_it_is_published(polled: Polled) -> None:
    rows = given(polled, START - 3 * DAY, START + DAY)
    story = Story(polled, rows, START, START + 6 * HOUR, past=2 * DAY).told()
    values = story.values()
    assert story.desk.read == len(values)
    assert story.sink.told(polled.name) == [("up", "")]
    newest = max(time for _, time in values) + polled.width
    assert START + 6 * HOUR - story.delay - 2 * polled.width - polled.period < newest <= story.clock.now() - story.delay
    for name in {name for name, _ in values}:
        times = sorted(time for known, time in values if known == name)
        assert times == list(range(START - 2 * DAY, times[-1] + 1, polled.width))
    assert max(b.time for b in story.sink.beats(polled.name)) == newest - polled.grace
