"""One sound frame of each kind."""

import numpy as np

from pipeline.records import UP, Bins, Elements, Entity, Heartbeat, Peer, Rows, Run, Verdicts

RUN = Run("r", "replay", ("bgp.ris",))
PK = Entity("country", "PK", "PK")
ROWS = Rows(RUN, "table", 3, "bgp.ris", 300, (), 0, (PK,), np.array([300, 600]), np.zeros(2, np.int32), np.ones(2))
BEAT = Heartbeat(RUN, "table", 3, 900, UP, ("bgp.ris",))
BINS = Bins(RUN, "table", 3, "bgp.ris", 300, 900, UP, (PK,), np.array([300]), np.ones((1, 1)), np.ones((1, 1), "f4"))
ONE = np.ones((1, 1))
VERDICTS = Verdicts(
    RUN, "table", 3, "bgp.ris", "median", 300, 900, UP, (PK,), np.array([300]), ONE, ONE.astype("f4"),
    ONE, ONE, ONE, ONE, ONE.astype("i1"), ONE.astype(bool), np.ones(1),
    np.ones((1, 1, 5), "f4"), ONE.astype("f4"),
)  # fmt: skip
TEXT = np.array([["1"]], object)
ELEMENTS = Elements(
    RUN, "mrt", 0, (Peer(1, "192.0.2.1"),), np.array([5]),
    *(np.zeros(1, dtype) for name, dtype in Elements.COLUMNS.items() if name != "time"),
)  # fmt: skip
