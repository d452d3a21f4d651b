"""What similar days lead to expect, with a noise model that knows counts.  What fusion uses by default."""

from detectors.seasonal.seasonal import Seasonal

__all__ = ["Seasonal"]
