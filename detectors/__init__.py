"""Detectors: one series an entity in, verdicts out.  Numpy only.

`REGISTRY` names each of them and says how it is made for a signal: ``REGISTRY["seasonal"]("bgp.ris")``.
"""

from collections.abc import Callable

from detectors.base import AnyDetector
from detectors.median import Median
from detectors.seasonal import Seasonal

REGISTRY: dict[str, Callable[[str], AnyDetector]] = {
    "median": Median.for_signal,
    "seasonal": Seasonal.for_signal,
}
"""Name of a detector -> the detector for a signal ``<kind>.<source>``."""
