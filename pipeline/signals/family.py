"""RIB, witnesses and counts of one address family in one partition."""

from typing import NamedTuple

import numpy as np

from pipeline.geo.places import Places
from pipeline.settings import Counting
from pipeline.signals.peers import Sessions, Witnesses
from pipeline.signals.rib import Rib
from pipeline.signals.slash24 import Prefixes6, Slash24s, Space
from pipeline.signals.tally import Tally


class Measure(NamedTuple):
    """What is seen at the end of a bin: value ``(n,)`` of each entity, NaN = not observed; health [0-1]."""

    value: np.ndarray
    health: float


class Family:
    """IPv4 or IPv6, as one partition sees it."""

    def __init__(self, family: int, partition: int, partitions: int, places: Places, rules: Counting) -> None:
        self.rules = rules
        self.rib = Rib(max(1024, rules.max_prefixes // partitions))
        self.witnesses = Witnesses(rules.floors[family] / partitions, rules)
        space: Space = Slash24s(partition, partitions, places) if family == 4 else Prefixes6(places)
        self.tally = Tally(space)
        self.last = Measure(np.empty(0), 0.0)

    def widen(self, sessions: int) -> None:
        """Make room for so many sessions."""
        self.rib.widen(sessions)
        self.witnesses.widen(sessions)

    def lose(self, session: int, time: int) -> None:
        """A session went down at ``time`` [s]."""
        self.witnesses.lose(session, int(self.rib.size[session]))
        self.rib.forget(session, time)

    def measure(self, end: int, sessions: Sessions, loading: bool) -> bool:
        """Measure at the end of a bin [s]; says whether the next bin may differ though nobody says a word."""
        changed = self.witnesses.judge(end, self.rib.size[: len(sessions)], sessions, loading)
        columns, begins = self.witnesses.columns(sessions)
        if len(begins) >= max(self.rules.min_peers, 1):
            self.tally.recount(self.rib, columns, begins, self._need(len(begins)))
            value = self.tally.row()
        else:
            value = np.full(len(self.tally.entities), np.nan)
        self.last = Measure(value, self.witnesses.health(end, sessions))
        return changed

    def _need(self, peers: int) -> int:
        return max(1, int(np.ceil(self.rules.threshold * peers)))

    def tidy(self, waiting: np.ndarray) -> np.ndarray | None:
        """Drop rows of prefixes that nobody announces; the rows kept, None where nothing was done.

        waiting: rows that are still spoken of in bins to come.
        """
        if not self.rib.overgrown():
            return None
        needed = np.zeros(len(self.rib), bool)
        needed[waiting] = True
        keep = self.rib.useful(needed)
        if len(keep) == len(needed):
            return None
        self.rib.compact(keep)
        self.tally.keep(keep)
        return keep

    def state(self) -> dict[str, np.ndarray]:
        """All of it as arrays."""
        parts = {
            "rib": self.rib.state(), "witnesses": self.witnesses.state(), "tally": self.tally.state(len(self.rib)),
            "last": {"value": self.last.value, "health": np.array([self.last.health])},
        }  # fmt: skip
        return {f"{part}.{name}": array for part, its in parts.items() for name, array in its.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over what `state` gave."""
        self.rib.restore(under("rib.", state))
        self.witnesses.restore(under("witnesses.", state))
        self.tally.restore(self.rib, under("tally.", state))
        last = under("last.", state)
        self.last = Measure(last["value"], float(last["health"][0]))


def under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose name begins so, without that beginning.

    Examples
    --------
    >>> list(under("rib.", {"rib.keys": np.empty(0), "tally.owner": np.empty(0)}))
    ['keys']
    """
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
