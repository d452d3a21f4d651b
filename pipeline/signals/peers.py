"""Peer sessions: which are up, and which are full-feed, so that they decide what is visible."""

from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS
from pipeline.bins import NEVER
from pipeline.records import ESTABLISHED, Peer
from pipeline.settings import Counting

SPEAKING = 3  # full-feed peers that must announce before others count as silent [-]: one or two prove nothing


class Down(NamedTuple):
    """A session went down at ``time`` [s]; rows of the batch from ``place`` on came after that."""

    session: int
    time: int
    place: int


class Sessions:
    """The peer sessions of one partition, a column each, in order of appearance.

    up ``(s,) bool``; since ``(s,) int64`` when the session last went down [s], older elements are void; told, heard,
    said ``(s,) int64`` time of its last state, announcement and element of any kind [s].  A session that announces is
    up, whatever state it had.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.peers: list[Peer] = []
        self.up = np.empty(0, bool)
        self.since, self.told, self.heard, self.said, self.asn = (np.empty(0, np.int64) for _ in range(5))
        self._column: dict[Peer, int] = {}

    def __len__(self) -> int:
        return len(self.peers)

    def columns(self, peers: tuple[Peer, ...], peer: np.ndarray) -> np.ndarray:
        """The column of each row's session ``(n,) int32``, -1 without room."""
        column = np.full(len(peers), -1, np.int32)
        for i in np.unique(peer):
            column[i] = self._column.get(peers[i], -1)
            if column[i] < 0 and len(self) < self.most:
                column[i] = self._open(peers[i])
        return column[peer]

    def _open(self, peer: Peer) -> int:
        self._column[peer] = len(self)
        self.peers.append(peer)
        self.up = np.append(self.up, True)
        for name in ("since", "told", "heard", "said"):
            setattr(self, name, np.append(getattr(self, name), NEVER))
        self.asn = np.append(self.asn, peer.asn)
        return len(self) - 1

    def tell(self, session: np.ndarray, time: np.ndarray, state: np.ndarray) -> list[Down]:
        """Take in states ``(n,)``; the last time that each session goes down in them, by time, then by arrival."""
        if not len(time):
            return []
        order = np.argsort(time, kind="stable")
        last = {int(session[i]): int(i) for i in order if time[i] >= self.told[session[i]]}
        for s, i in last.items():
            self.up[s] = state[i] == ESTABLISHED or self.heard[s] > time[i]
            self.told[s] = time[i]
        lost = {int(session[i]): int(i) for i in order if state[i] != ESTABLISHED and time[i] >= self.since[session[i]]}
        return [Down(s, int(time[i]), i) for s, i in sorted(lost.items())]

    def hear(self, session: np.ndarray, time: np.ndarray) -> None:
        """Take in times of announcements ``(n,)`` that are not void [s]: their sessions are up."""
        np.maximum.at(self.heard, session, time)
        self.up[session] = True

    def say(self, session: np.ndarray, time: np.ndarray) -> None:
        """Take in times of elements of any kind ``(n,)`` [s]."""
        np.maximum.at(self.said, session, time)

    def silent(self, among: np.ndarray, limit: int) -> np.ndarray:
        """Which sessions ``(s,) bool`` are gone without a state.

        They had no element for ``limit`` [s] while `SPEAKING` of those ``among (s,) bool`` had some.
        """
        recent = np.sort(self.said[among])[::-1]
        if len(recent) < SPEAKING:
            return np.zeros(len(self), bool)
        return self.said < recent[SPEAKING - 1] - limit

    def state(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name) for name in ("up", "since", "told", "heard", "said", "asn")}

    def restore(self, peers: list[Peer], state: dict[str, np.ndarray]) -> None:
        self.peers, self._column = peers, {peer: i for i, peer in enumerate(peers)}
        for name, array in state.items():
            setattr(self, name, array.copy())


class FullFeedPeers:
    """Which sessions are full-feed, in one partition and family.

    A session joins when its table in this partition is at least ``full_feed_share`` of the largest, at least the
    partition's part of the floor, at least that share of what it had before it last went down, and no longer growing.
    It leaves when it goes down, when its table is too small, or while it is silent for ``hush``.

    floor: None where tables have only the prefixes of some countries, whose sizes say nothing: then a session is
    full-feed if it was ``named``, which ingest does with a STATE of this family.
    """

    def __init__(self, floor: float | None, rules: Counting) -> None:
        self.floor, self.rules = floor, rules
        self.full, self.loaded, self.named = (np.empty(0, bool) for _ in range(3))
        self.was, self.before, self.last = (np.empty(0, np.int64) for _ in range(3))

    def widen(self, sessions: int) -> None:
        blanks = {"full": False, "was": 0, "before": 0, "loaded": False, "last": NEVER, "named": False}
        for name, blank in blanks.items():
            array = getattr(self, name)
            setattr(self, name, np.append(array, np.full(sessions - len(array), blank, array.dtype)))

    def lose(self, session: int, size: int) -> None:
        """The session went down when its table had ``size`` prefixes."""
        if self.full[session]:
            self.before[session] = size
        self.was[session], self.loaded[session] = 0, False
        if self.rules.reset_rule:
            self.full[session] = False

    def judge(self, end: int, size: np.ndarray, sessions: Sessions, loading: bool) -> bool:
        """Judge all sessions at the end of a bin [s]; says whether anything changed.

        size ``(s,)`` prefixes of each; loading: more of a table dump is still to come.
        """
        if self.floor is None:
            enough = self.named.copy()
        else:
            enough = size >= self.rules.least_table(sessions.asn, size, self.floor)
        settled = (size - self.was <= self.rules.settled * size) | (self.loaded & (not loading))
        joins = settled & (size >= self.rules.full_feed_share * self.before)
        enough &= ~sessions.silent(self.full, self.rules.hush)
        full = enough & sessions.up & (self.full | joins) if self.rules.reset_rule else self.full | (enough & joins)
        changed = not (np.array_equal(full, self.full) and np.array_equal(size, self.was))
        self.full, self.was = full, size.copy()
        self.last[full] = end
        return changed

    def columns(self, sessions: Sessions) -> tuple[np.ndarray, np.ndarray]:
        """Sessions of the full-feed peer ASNs, ordered by ASN, and the first of each ASN.

        A peer ASN counts as long as one of its sessions is full-feed; a session that is down has no routes.
        """
        columns = np.flatnonzero(np.isin(sessions.asn, sessions.asn[self.full]))
        columns = columns[np.argsort(sessions.asn[columns], kind="stable")]
        return columns, np.flatnonzero(np.diff(sessions.asn[columns], prepend=-1))

    def health(self, end: int, sessions: Sessions) -> float:
        """Share of the known full-feed peer ASNs that are full-feed now [0-1]; 0 where none is known."""
        known = len(np.unique(sessions.asn[self.last > end - self.rules.forget]))
        return len(np.unique(sessions.asn[self.full])) / known if known else 0.0

    def forgets(self, end: int) -> int:
        """End of the bin in which the next missing peer is dropped [s]: before it, `health` does not change."""
        gone = self.last[~self.full & (self.last > end - self.rules.forget)]
        return int(gone.min()) + self.rules.forget if len(gone) else ALWAYS

    def state(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name) for name in ("full", "was", "before", "loaded", "last", "named")}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        for name, array in state.items():
            setattr(self, name, array.copy())
