"""What was expected of the few who are in an outage, by the hour of the week."""

import numpy as np

HOUR, HOURS, WEEK = 3600, 24, 168


class Weekly:
    """The least that was expected in each hour of the week (UTC), in the unit of the signal; 0 where nothing is known.

    ``place (entities,) int32`` says where the values of an entity stand in ``least (places, signals, 168) float32``:
    0 for all of whom nothing was ever learnt, which are nearly all.  An hour of which nothing is known is like the next
    one, for an outage is known to be one after it has begun, and else like the least of that hour on the days that are:
    a weekend may be among them, so that no calm one is taken for a low.

    Examples
    --------
    >>> weekly = Weekly()
    >>> weekly.grow(entities=3, signals=1)
    >>> for day, expected in enumerate([90.0, 60.0]):
    ...     weekly.learn(np.array([2]), 0, day * 24 * HOUR, np.array([expected]))
    >>> [weekly.at(np.array([1, 2]), 0, day * 24 * HOUR).tolist() for day in (0, 1, 2, 7)]
    [[0.0, 90.0], [0.0, 60.0], [0.0, 60.0], [0.0, 90.0]]
    """

    def __init__(self) -> None:
        self.place = np.zeros(0, np.int32)
        self.least = np.zeros((1, 0, WEEK), np.float32)

    def grow(self, entities: int, signals: int) -> None:
        """Room for new entities and signals."""
        self.place = np.pad(self.place, (0, entities - len(self.place)))
        self.least = np.pad(self.least, ((0, 0), (0, signals - self.least.shape[1]), (0, 0)))

    def known(self) -> np.ndarray:
        """Of which entities something is known ``(entities,) bool``."""
        return self.place > 0

    def at(self, rows: np.ndarray, signal: int, time: int) -> np.ndarray:
        """The least that was expected of the entities at ``rows (n,)`` in the hour of a time [s], ``(n,)``."""
        place, hour = self.place[rows], time // HOUR % WEEK
        least = self.least[place, signal, hour]
        if (unknown := (least == 0) & (place > 0)).any():
            following = self.least[place[unknown], signal, (hour + 1) % WEEK]
            days = self.least[place[unknown], signal, hour % HOURS :: HOURS]
            days = np.where(days > 0, days, np.inf).min(axis=1)
            least[unknown] = np.where(following > 0, following, np.where(np.isfinite(days), days, 0))
        return least

    def unknown(self, rows: np.ndarray, signal: int, time: int) -> np.ndarray:
        """Of which of the entities at ``rows (n,)`` nothing is known in the very hour of a time [s], ``(n,) bool``."""
        return np.asarray(self.least[self.place[rows], signal, time // HOUR % WEEK] == 0)

    def learnt(self, rows: np.ndarray) -> np.ndarray:
        """Of which signals of the entities at ``rows (n,)`` anything is known ``(n, signals) bool``."""
        return np.asarray(self.least[self.place[rows]].any(axis=2))

    def learn(self, rows: np.ndarray, signal: int, time: int, expected: np.ndarray) -> None:
        """So much was ``expected (n,)`` of the entities at ``rows (n,)``, each once, in the hour of a time [s]."""
        self._settle(rows[self.place[rows] == 0])
        place, hour = self.place[rows], time // HOUR % WEEK
        known = self.least[place, signal, hour]
        self.least[place, signal, hour] = np.where(known > 0, np.minimum(known, expected), expected)

    def forget(self, row: int) -> None:
        """Nothing is known of an entity any more."""
        self.least[self.place[row]] = 0
        self.place[row] = 0

    def _settle(self, rows: np.ndarray) -> None:
        """Give places to those that have none: what others left, and new ones."""
        if not len(rows):
            return
        free = np.setdiff1d(np.arange(1, len(self.least)), self.place)
        more = max(len(rows) - len(free), 0)
        self.least = np.pad(self.least, ((0, more), (0, 0), (0, 0)))
        free = np.concatenate([free, np.arange(len(self.least) - more, len(self.least))])
        self.place[rows] = free[: len(rows)]

    def save(self, rows: np.ndarray) -> np.ndarray:
        """What is known of these rows, which are all of whom anything is, ``(n, signals, 168) float32``."""
        return self.least[self.place[rows]]

    def load(self, rows: np.ndarray, least: np.ndarray) -> None:
        """Take over what was saved; there is room for it."""
        known = least.any(axis=(1, 2))
        self._settle(rows[known])
        self.least[self.place[rows[known]]] = least[known]
