"""The worst day for fusion: thousands of networks of one partition go out in one bin."""

import numpy as np

from detectors.base import LOW_CONFIRMED, NORMAL
from pipeline.records import UP, Entity, Run, Verdicts
from tests.judge.verdicts import LIKELIHOOD

ENTITIES = 20_000
SIGNAL, WIDTH = "bgp.ris", 300
RUN = Run("worst", "live", (SIGNAL,))
COUNTRIES = (Entity("country", "IN", "IN"), Entity("country", "PK", "PK"))
NETWORKS = tuple(Entity("asn", f"AS{i}", "PK" if i % 20 == 0 else "IN") for i in range(ENTITIES - len(COUNTRIES)))


def worst(number: int, out: int) -> Verdicts:
    """Bin ``number`` of 20,000 entities, of which the last ``out`` are out, both countries among them."""
    state = np.full((1, ENTITIES), NORMAL, np.int8)
    state[0, ENTITIES - out :] = LOW_CONFIRMED
    low = state == LOW_CONFIRMED
    likelihood = np.where(low[..., None], LIKELIHOOD["L"], LIKELIHOOD["."]).astype(np.float32)
    full = np.full((1, ENTITIES), 100.0)
    return Verdicts(
        RUN, "test", 0, SIGNAL, "predictive", WIDTH, WIDTH * (number + 1), UP, NETWORKS + COUNTRIES,
        start=np.array([WIDTH * number]), value=np.where(low, 0.0, full), health=np.ones((1, ENTITIES), np.float32),
        expected=full, lower=full * 0.9, upper=full * 1.1, score=np.where(low, -50.0, 0.0), state=state,
        settled=np.ones((1, ENTITIES), np.bool_),
        common=np.ones(1), likelihood=likelihood, left=np.where(low, 0, 1).astype(np.float32),
    )  # fmt: skip
