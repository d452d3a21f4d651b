"""Verdicts in, outages out.  The stage and what it puts out are the door of this package."""

from pipeline.fusion.now import Provisional
from pipeline.fusion.stage import Arrived, Beside, Fused, FuseStage, Missed

__all__ = ["Arrived", "Beside", "FuseStage", "Fused", "Missed", "Provisional"]
