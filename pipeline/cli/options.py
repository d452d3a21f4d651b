"""What a replay was asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import check_not_read, check_writable
from pipeline.records import TENSES
from pipeline.settings.read import chosen


@dataclass(frozen=True)
class ReplayOptions:
    """What a replay was asked for; see `pipeline.cli.arguments`."""

    speed: str = "max"
    through: str = "memory"
    broker: str = ""
    tense: str = "replay"
    workers: int = -1
    outages: Path | None = None
    metrics: Path | None = None
    as_json: bool = False
    settings: Path | None = None
    group: str = ""
    why: bool = False

    def check(self) -> None:
        """Raise `UserError` where they make no sense."""
        if self.through not in ("memory", "kafka"):
            raise UserError(f"--through {self.through!r} is neither memory nor kafka")
        if self.tense not in TENSES:
            raise UserError(f"--tense {self.tense!r} is none of {', '.join(TENSES)}")
        if self.broker and self.through != "kafka":
            raise UserError(f"--broker {self.broker!r} needs --through kafka")
        if self.group and not self.broker:
            raise UserError(f"--group {self.group!r} needs --through kafka and --broker")
        if self.tense != "replay" and not self.broker:
            raise UserError(f"--tense {self.tense!r} needs --through kafka and --broker: only its workers tell anybody")
        if self.workers < -1:
            raise UserError(f"--workers {self.workers} is below 0")
        if self.workers >= 0 and self.through != "kafka":
            raise UserError(f"--workers {self.workers} needs --through kafka: a replay in memory starts none")
        if self.metrics and self.through != "memory":
            raise UserError(f"--metrics {str(self.metrics)!r} needs --through memory")
        chosen(self.settings)
        for path in (self.outages, self.metrics):
            check_not_read(path, self.settings)
        if self.outages and self.metrics and self.outages.resolve() == self.metrics.resolve():
            raise UserError(
                f"--outages and --metrics are both {str(self.outages)!r}: one would be written over the other"
            )
        for path in (self.outages, self.metrics):
            if path is not None:
                check_writable(path)

    def check_apart(self, sources: Iterable[str]) -> None:
        """Raise `UserError` where a recording would be written over."""
        read = [file for source in map(Path, sources) for file in (source, *source.glob("*"))]
        for path in (self.outages, self.metrics):
            if path is not None and any(path.exists() and file.exists() and path.samefile(file) for file in read):
                raise UserError(f"{str(path)!r} is a recording that is replayed: it would be written over")

    def pace(self) -> float | None:
        """Seconds of event time to a second, None for as fast as it goes."""
        if self.speed == "max":
            return None
        try:
            speed = float(self.speed)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            raise UserError(f"--speed {self.speed!r} is neither a number above 0 nor max")
        return speed
