"""Detectors: one series an entity in, verdicts out.  Numpy only.

`REGISTRY` names each of them and says how it is made for a signal: ``REGISTRY["seasonal"]("bgp.ris")``.
"""

from collections.abc import Callable

from detectors.base import AnyDetector
from detectors.burst import Burst
from detectors.chocolatine import Chocolatine
from detectors.cusum import Cusum
from detectors.ihr import Ihr
from detectors.median import Median
from detectors.seasonal import Seasonal
from detectors.similar_days import SimilarDays

REGISTRY: dict[str, Callable[[str], AnyDetector]] = {
    "median": Median.for_signal,
    "seasonal": Seasonal.for_signal,
    "cusum": Cusum.for_signal,
    "burst": Burst.for_signal,
    "ihr": Ihr.for_signal,
    "chocolatine": Chocolatine.for_signal,
    "similar_days": SimilarDays.for_signal,
}
"""Name of a detector -> the detector for a signal ``<kind>.<source>``."""

SWEPT: dict[str, tuple[str, tuple[float, ...]]] = {
    "median": ("critical", (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)),
    "seasonal": ("enter", (2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0)),
    "cusum": ("depth", (0.02, 0.05, 0.08, 0.1, 0.15, 0.18, 0.25, 0.3, 0.4, 0.5, 0.7)),
    "burst": ("report", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0)),
    "ihr": ("threshold", (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0)),
    "chocolatine": ("deviations", (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 25.0)),
    "similar_days": ("drop", (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.95)),
}
"""Name of a detector -> the threshold by which it is swept, from shouting to silence, with its own value among them."""
