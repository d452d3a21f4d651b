"""The processes of a watch: each has a log, and is started again when it ends."""

import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import UserError, printable
from pipeline.kafka.embedded import die_with_parent

LARGEST = 4 * 2**20  # a log that is larger at the start begins anew [bytes]
MISTAKE = 2  # exit code of a person's mistake

Command = Callable[[], Sequence[str]]


@dataclass
class Child:
    """A process, how it is started, and when it was [s of the clock]."""

    name: str
    command: Command
    log: Path
    process: subprocess.Popen[bytes]
    starts: deque[float]


@dataclass
class Children:
    """Processes of ``netvigil``, with their logs in a ``folder``.

    One that ends is started again, ``most`` times within ``span`` [s] of the ``clock``; then the watch ends.
    """

    folder: Path
    most: int = 3
    span: float = 600.0
    clock: Callable[[], float] = time.monotonic
    program: tuple[str, ...] = (sys.executable, "-m", "pipeline")
    note: str = ""
    own: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Command) -> None:
        """Start a process; ``command`` gives its arguments, at each start anew."""
        log = self.folder / f"{name}.log"
        if log.exists() and log.stat().st_size > LARGEST:
            log.unlink()
        self.own.append(Child(name, command, log, self._started(command, log), deque([self.clock()])))

    def _started(self, command: Command, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as file:
            # a session of its own: Ctrl-C is for the watch, which ends its processes in order
            return subprocess.Popen(
                [*self.program, *command()], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                preexec_fn=die_with_parent(), start_new_session=True,
            )  # fmt: skip

    def check(self) -> None:
        """Start again what has ended; UserError where that is of no use."""
        for child in self.own:
            code = child.process.poll()
            if code is None:
                continue
            how = (
                f"{child.name} ended with exit code {code}"
                if code >= 0
                else f"{child.name} was ended by signal {-code}"
            )
            while child.starts and self.clock() - child.starts[0] > self.span:
                child.starts.popleft()
            if code == MISTAKE:
                raise UserError(_last(child.log))
            if len(child.starts) > self.most:
                raise UserError(f"{how} again and again; its log, {child.log}, ends with: {_last(child.log)}")
            child.process = self._started(child.command, child.log)
            child.starts.append(self.clock())
            self.note = f"{how} and was started again; its log is {child.log}"

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_: object) -> None:
        """End them, the last one first: it sends what the others read."""
        for child in reversed(self.own):
            child.process.terminate()
        deadline = self.clock() + 5
        for child in reversed(self.own):
            try:
                child.process.wait(max(0.1, deadline - self.clock()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()


def _last(log: Path) -> str:
    """The last line of a log, without the program's name."""
    lines = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
    return printable(lines[-1].removeprefix("netvigil: "))
