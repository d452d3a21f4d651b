"""Bins in, verdicts out.  The stage is the door of this package."""

from pipeline.judge.stage import JudgeStage

__all__ = ["JudgeStage"]
