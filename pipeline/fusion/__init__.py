"""Verdicts in, outages out.  The stage and what it puts out are the door of this package."""

from pipeline.fusion.fusion import Arrived, Beside, Fused, FuseStage, Missed
from pipeline.fusion.now import Provisional

__all__ = ["Arrived", "Beside", "FuseStage", "Fused", "Missed", "Provisional"]
