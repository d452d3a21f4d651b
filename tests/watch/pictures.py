"""Pictures of a watch, made of verdicts and outages by hand."""

import numpy as np

from detectors.base import LOW_CONFIRMED, NORMAL
from pipeline.records import UP, Entity, Outage, Run, Term, Verdicts
from pipeline.signals.binning import FeedStatus
from pipeline.watch.picture import Picture

NOW = 1707359400  # 8 February 2024, 07:30 in Karachi
RUN = Run("live", "live", ("bgp.ris", "traffic.radar"))
FEEDS = {"rislive": ("bgp.ris",), "radar": ("traffic.radar",)}
PK = Entity("country", "PK", "PK")
ZONG = Entity("asn", "AS59257", "PK", True, "Zong")


def verdicts(
    signal: str = "traffic.radar", value: float = 100.0, entity: Entity = PK, until: int = NOW, bins: int = 96,
    settled: bool = True, state: int = -1, width: int = 900,
) -> Verdicts:  # fmt: skip
    """So many bins of a signal whose usual value is 100; all but the last are as usual."""
    values = np.append(np.full(bins - 1, 100.0), value)[:, None]
    codes = np.full((bins, 1), NORMAL, np.int8)
    codes[-1] = state if state >= 0 else LOW_CONFIRMED if value < 80 else NORMAL
    usual = np.full((bins, 1), 100.0)
    feed = next(feed for feed, signals in FEEDS.items() if signal in signals)
    return Verdicts(
        RUN, feed, 0, signal, "predictive", width, until, UP, (entity,), until - width * np.arange(bins, 0, -1), values,
        np.ones((bins, 1), np.float32), usual, usual - 10, usual + 10, values - usual, codes,
        np.full((bins, 1), settled), np.ones(bins), np.full((bins, 1, 5), np.nan, np.float32),
        np.ones((bins, 1), np.float32),
    )  # fmt: skip


def outage(state: str = "confirmed", entity: Entity = PK, revision: int = 2, **more: object) -> Outage:
    term = Term("traffic.radar", 0.2, -20.0, 9.0, 1.0)
    start = NOW - 3600
    made = dict[str, object](
        id=f"{entity.name.lower()}-1", entity_type=entity.type, entity=entity.name, state=state, kind="mobile",
        tense="live", start=start, end=None, detected_at=start + 900, confirmed_at=start + 900, probability=0.97,
        severity=0.8, signals=(term,), revision=revision, depth=0.6,
    )  # fmt: skip
    return Outage(**made | more)  # type: ignore[arg-type]


def status(feed: str, word: str, reason: str = "") -> FeedStatus:
    return FeedStatus("live", "live", feed, word, None, reason)


def picture(*taken: object) -> Picture:
    """A picture of Pakistan, of which the past is read, after these outputs."""
    made = Picture(("PK",), FEEDS, (ZONG,), current={0})
    for output in taken:
        if isinstance(output, Outage):
            made.take_now(output, "")
        else:
            made.take(output)  # type: ignore[arg-type]
    return made
