"""What came lately, and is not learnt yet: the next hours say what it was.

    s_i(k) = f_i(k) sum_j T(k, j) s_i+1(j) / sum_l f_i(l) T(l, j)        f_i(k) = P(state k in slot i | seen by then)

It is P(state k in slot i | all seen by now), backward from the last slot (Rauch, Tung and Striebel 1965).
"""

from dataclasses import dataclass

import numpy as np

FEW = 1e-30  # in place of 0 where it divides


@dataclass(frozen=True)
class Waiting:
    """Slots in order of their numbers; of each its sums ``(m, k)``, and P(out, off, quiet, moved) ``(m, 4)`` at its
    end, of the m series that there were then."""

    slots: tuple[int, ...] = ()
    sums: tuple[np.ndarray, ...] = ()
    others: tuple[np.ndarray, ...] = ()

    def push(self, slot: int, sums: np.ndarray, others: np.ndarray) -> "Waiting":
        """With a further slot."""
        return Waiting((*self.slots, slot), (*self.sums, sums), (*self.others, others))

    def rest(self, first: int) -> "Waiting":
        """Without the first so many slots."""
        return Waiting(self.slots[first:], self.sums[first:], self.others[first:])

    def smoothed(self, enter: np.ndarray, leave: np.ndarray) -> list[np.ndarray]:
        """P(fine, out, off, quiet, moved) ``(m, 5)`` of each slot as it is known by now.

        ``enter``, ``leave (4,)``: probability that a fine series is in another state after a slot, and that one of
        these is fine again.

        Examples
        --------
        A series that was fine, then hardly low, and then surely out:

        >>> waiting, rates = Waiting(), (np.array([0.001, 0, 0, 0]), np.full(4, 0.05))
        >>> for slot, out in enumerate((0.01, 0.1, 0.99)):
        ...     waiting = waiting.push(slot, np.zeros((1, 1)), np.array([[out, 0, 0, 0]]))
        >>> [own[0, :2].round(2).tolist() for own in waiting.smoothed(*rates)]
        [[0.11, 0.89], [0.02, 0.98], [0.01, 0.99]]
        """
        told: list[np.ndarray] = []
        for others in reversed(self.others):
            fine = np.maximum(1 - others.sum(1, keepdims=True), 0.0)
            if told:
                after = told[-1][: len(fine)]
                back = after[:, :1] / np.maximum(fine * (1 - enter.sum()) + (others * leave).sum(1, keepdims=True), FEW)
                away = after[:, 1:] / np.maximum(others * (1 - leave) + fine * enter, FEW)
                fine = fine * ((1 - enter.sum()) * back + (enter * away).sum(1, keepdims=True))
                others = others * ((1 - leave) * away + leave * back)
            own = np.concatenate([fine, others], 1)
            told.append(own / np.maximum(own.sum(1, keepdims=True), FEW))
        return told[::-1]

    def pack(self, n: int) -> dict[str, np.ndarray]:
        """As plain arrays, for n series."""
        sizes = np.array([len(sums) for sums in self.sums], np.int64)
        sums, others = (np.concatenate(own) if own else np.empty((0, 0)) for own in (self.sums, self.others))
        return {"slots": np.array(self.slots, np.int64), "sizes": sizes, "sums": sums, "others": others}

    @staticmethod
    def unpack(arrays: dict[str, np.ndarray]) -> "Waiting":
        """What `pack` wrote."""
        edges = np.cumsum(arrays["sizes"])[:-1]
        if not len(arrays["slots"]):
            return Waiting()
        sums, others = (tuple(np.split(arrays[name].copy(), edges)) for name in ("sums", "others"))
        return Waiting(tuple(arrays["slots"].tolist()), sums, others)
