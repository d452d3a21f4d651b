"""Verdicts in, outages out.  The stage and what it puts out are the door of this package."""

from pipeline.fusion.fusion import Beside, Fused, FuseStage, Missed

__all__ = ["Beside", "FuseStage", "Fused", "Missed"]
