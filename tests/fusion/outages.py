"""What comes out of fusion in tests."""

from pipeline.fusion import FuseStage
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Calendar, Settings
from tests.judge.verdicts import COUNTRY, verdicts

BGP, PROBING, TRAFFIC, TELESCOPE = "bgp.ris", "probing.ioda", "traffic.radar", "telescope.ioda"
ELECTION = Settings(calendar=Calendar({"PK 2024-02-08": "election"}))


def several(width: int = 300, left: float = 0.2, entity: Entity = COUNTRY, **marks: str) -> list[Verdicts]:
    """Verdicts on some kinds of signals, over the same time."""
    names = {"bgp": BGP, "probing": PROBING, "traffic": TRAFFIC}
    run = Run("r", "replay", tuple(names[kind] for kind in marks))
    return [verdicts(names[kind], own, run=run, entity=entity, width=width, left=left) for kind, own in marks.items()]


def revisions(*frames: Verdicts, stage: FuseStage | None = None, settings: Settings | None = None) -> list[Outage]:
    """Every revision of every outage, in the order in which the stage puts them out."""
    stage = stage or FuseStage(0, settings)
    return [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]


def outages(*frames: Verdicts, stage: FuseStage | None = None, settings: Settings | None = None) -> list[Outage]:
    """The last revision of each outage, in order of detection."""
    return list({out.id: out for out in revisions(*frames, stage=stage, settings=settings)}.values())


def restarted(stage: FuseStage) -> FuseStage:
    """Another stage that goes on from a snapshot of this one."""
    again = FuseStage(stage.partition, stage.settings)
    again.load(stage.save())
    return again
