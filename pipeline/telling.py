"""What is said of a replay once it is over: to a person in the terminal, to a program as JSON."""

import json
import sys

from rich.console import Console
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.replay import Playback, Result
from pipeline.show import outages_table
from pipeline.wording import printable


def tell(console: Console, playback: Playback, result: Result, as_json: bool) -> None:
    """Show what came of a playback: tables and sentences, or one JSON object on standard output."""
    counts = {
        "read": playback.read, "used": result.used or playback.read - result.late - len(result.dead),
        "late": result.late, "dead": len(result.dead),
    }  # fmt: skip
    if as_json:
        outages = b",".join(result.lines().splitlines())
        reached = f'"{iso(result.watermark)}"' if result.watermark > NEVER else "null"
        head = f'{{"watermark":{reached},"judged":{sum(result.judged.values())},"records":{_json(counts)},"outages":['
        sys.stdout.write(head + outages.decode() + "]}\n")
        return
    found = result.sorted()
    confirmed = [o for o in found if o.confirmed_at is not None and o.state != "retracted"]
    if confirmed:
        console.print(outages_table(confirmed, playback.places, width=console.width))
    said = "1 outage" if len(confirmed) == 1 else f"{len(confirmed) or 'no'} outages"
    console.print(f"[bold]{said} confirmed[/bold], {len(found) - len(confirmed)} only suspected")
    console.print(
        f"{counts['read']:,} records read: {counts['used']:,} used, {counts['late']:,} late, {counts['dead']:,} dead"
    )
    if not sum(result.judged.values()):
        console.print(
            "Nothing was observed well enough to be judged: no outage found means nothing here.", style="yellow"
        )
    for letter in result.dead[:5]:
        said = f"dead letter: {letter.feed}: {letter.reason} at {letter.place}: {letter.detail}"
        console.print(Text(printable(said), "yellow"))  # not as markup: it has words of the input


def _json(counts: dict[str, int]) -> str:
    return json.dumps(counts, separators=(",", ":"))
