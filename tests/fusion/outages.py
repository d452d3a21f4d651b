"""What comes out of fusion in tests."""

from pipeline.fusion import FuseStage
from pipeline.records import Outage, Verdicts
from pipeline.settings import Fusing

BGP, PROBING, TRAFFIC, TELESCOPE = "bgp.ris", "probing.ioda", "traffic.radar", "telescope.ioda"


def revisions(*frames: Verdicts, stage: FuseStage | None = None, settings: Fusing | None = None) -> list[Outage]:
    """Every revision of every outage, in the order in which the stage puts them out."""
    stage = stage or FuseStage(0, settings or Fusing(), ("by hand",))
    return [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]


def outages(*frames: Verdicts, settings: Fusing | None = None) -> list[Outage]:
    """The last revision of each outage, in order of detection."""
    return list({out.id: out for out in revisions(*frames, settings=settings)}.values())


def restarted(stage: FuseStage) -> FuseStage:
    """Another stage that goes on from a snapshot of this one."""
    again = FuseStage(stage.partition, stage.settings, stage.first, stage.almanac)
    again.load(stage.save())
    return again
