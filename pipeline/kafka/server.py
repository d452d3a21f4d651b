"""A broker as a child: started on 127.0.0.1, waited for, and never left behind."""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import UserError

HOST = "127.0.0.1"

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""The smallest Kafka request: ApiVersions v0, correlation 1, no client id.  Any broker answers it, once it is ready."""


@dataclass
class Server:
    """A broker that runs as a child of this process and dies with it, even when that is killed with -9.

    Parameters
    ----------
    name
        For messages: ``Apache Kafka``.
    command
        Program and arguments.
    address
        ``host:port`` where it will listen.
    log
        File that takes its output; shown where it does not start.
    environment
        Its whole environment.
    """

    name: str
    command: Sequence[str]
    address: str
    log: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    child: "subprocess.Popen[bytes] | None" = None

    def start(self, patience: float = 60.0) -> None:
        """Start it and wait until it answers, at most ``patience`` [s].

        Raises
        ------
        UserError
            It did not start: with the last lines of its log.  Or somebody else listens there already.
        """
        if listens(self.address):
            raise UserError(f"{self.name} cannot have {self.address}: something listens there already")
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C is for us, and we stop the broker last.
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment),
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        deadline = time.monotonic() + patience
        while not answers(self.address):
            died = self.child.poll() is not None
            if died or time.monotonic() > deadline:
                self.kill()
                how = "ended at once" if died else f"did not answer within {patience:.0f} s"
                raise UserError(f"{self.name} on {self.address} {how}; its log ends with:\n{self.tail()}")
            time.sleep(0.02)

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, patience: float = 10.0) -> None:
        """Ask it to end, and kill it where it does not within ``patience`` [s]."""
        if self.child is not None:
            self.child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(patience)
        self.kill()

    def kill(self) -> None:
        """kill -9: it gets no chance to write anything."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None


def die_with_parent() -> Callable[[], None] | None:
    """A child's ``preexec_fn``: it asks the kernel to be killed when its parent is gone, be that by kill -9.

    Linux has this, other systems do not; there only an orderly end takes the child along.  The kernel's "parent" is
    the *thread* that started it, which has to live as long as the child: it waits in the ``with`` block.
    """
    libc, parent = _LIBC, os.getpid()
    if libc is None:
        return None

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was gone before the kernel knew
            os._exit(1)

    return ask


def answers(address: str, patience: float = 1.0) -> bool:
    """Whether a plaintext broker answers at ``host:port`` within ``patience`` [s]: an open port is not enough."""
    try:
        with _link(address, patience) as link:
            link.sendall(API_VERSIONS)
            return len(link.recv(4)) == 4
    except OSError:
        return False


def listens(address: str) -> bool:
    """Whether anything accepts connections at ``host:port``."""
    try:
        _link(address, 1.0).close()
    except OSError:
        return False
    return True


def _link(address: str, patience: float) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), patience)


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
