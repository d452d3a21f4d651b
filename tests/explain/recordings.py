"""Small tables of signals, and what ``netvigil replay`` prints of them."""

from pathlib import Path

from typer.testing import CliRunner

from pipeline.cli.arguments import app
from pipeline.codec import iso

HEAD = "time,signal,entity_type,entity,value\n"
END = 1707350400
HOUR = 3600
ANNOUNCED = (
    '{"type":"ris_message","data":{"timestamp":%d,"peer":"192.0.2.1","peer_asn":"64500","host":"rrc00","type":"UPDATE",'
    '"path":[64500,64501],"announcements":[{"next_hop":"192.0.2.1","prefixes":["198.51.100.0/24"]}]}}\n'
)


def series(hours: int, entity: str = "PK", low: range = range(0), signal: str = "probing.ioda", left: int = 20) -> str:
    """An even series of so many hours until `END`; of the hours before the end in ``low`` so many percent."""
    bins = range(END - hours * HOUR, END, 600)
    rows = ((t, left if (END - t - 1) // HOUR in low else 100) for t in bins)
    return "".join(f"{iso(t)},{signal},country,{entity},{value}\n" for t, value in rows)


def without(rows: str, begin: float, end: float, empty: bool = True) -> str:
    """The rows from so many hours before the end until so many: empty, or not there."""
    lines = []
    for line in rows.splitlines():
        is_in = iso(int(END - begin * HOUR)) <= line.partition(",")[0] < iso(int(END - end * HOUR))
        lines += [] if is_in and not empty else [line.rpartition(",")[0] + "," if is_in else line]
    return "".join(f"{line}\n" for line in lines)


def ran(folder: Path, *options: str) -> tuple[int, str]:
    """The exit code of a replay and what it printed."""
    done = CliRunner().invoke(app, ["replay", str(folder), *options], catch_exceptions=False)
    return done.exit_code, done.stdout


def replayed(folder: Path, rows: str, code: int = 0, *options: str) -> str:
    """What a replay of these rows prints, in one line; without ``--json`` all that ``--why`` adds, too."""
    (folder / "signals.csv").write_text(HEAD + rows)
    found, said = ran(folder, *options, *(() if "--json" in options else ("--why",)))
    assert found == code
    return " ".join(said.split())
