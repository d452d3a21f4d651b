"""Detectors: one series an entity in, verdicts out.  Numpy only.

`REGISTRY` names each of them and says how it is made for a signal: ``REGISTRY["predictive"]("bgp.ris")``.
"""

from collections.abc import Callable

from detectors.base import AnyDetector
from detectors.burst import Burst
from detectors.chocolatine import Chocolatine
from detectors.ihr import Ihr
from detectors.median import Median
from detectors.predictive import Predictive
from detectors.similar_days import SimilarDays

REGISTRY: dict[str, Callable[[str], AnyDetector]] = {
    "predictive": Predictive.for_signal,
    "median": Median.for_signal,
    "burst": Burst.for_signal,
    "ihr": Ihr.for_signal,
    "chocolatine": Chocolatine.for_signal,
    "similar_days": SimilarDays.for_signal,
}
"""Name of a detector -> the detector for a signal ``<kind>.<source>``."""
