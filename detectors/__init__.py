"""Detectors: one series an entity in, verdicts out.  Numpy only.

`REGISTRY` names each of them and says how it is made for a signal: ``REGISTRY["predictive"]("bgp.ris")``.
"""

from collections.abc import Callable

from detectors.base import AnyDetector
from detectors.field.burst import Burst
from detectors.field.chocolatine import Chocolatine
from detectors.field.ihr import Ihr
from detectors.field.median import Median
from detectors.field.similar_days import SimilarDays
from detectors.predictive import Predictive

REGISTRY: dict[str, Callable[[str], AnyDetector]] = {
    "predictive": Predictive.for_signal,
    "median": Median.for_signal,
    "burst": Burst.for_signal,
    "ihr": Ihr.for_signal,
    "chocolatine": Chocolatine.for_signal,
    "similar_days": SimilarDays.for_signal,
}
"""Name of a detector -> the detector for a signal ``<kind>.<source>``."""
