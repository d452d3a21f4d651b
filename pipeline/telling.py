"""What is said of a replay once it is over: to a person in the terminal, to a program as JSON."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.dating import doubts
from pipeline.doings import MOVED, Doing, blind, blinded, moves, plain
from pipeline.errors import gave_up, refuses
from pipeline.explaining import FEW, confirmed, few, how_to_read, likenesses, place_name, why_mobile
from pipeline.feeds.case import strangers
from pipeline.lately import Lately, now_of, plain_now
from pipeline.observed import Series
from pipeline.outages import RETRACTED, SUSPECTED
from pipeline.past import Past
from pipeline.records import Outage
from pipeline.replay import Playback, Result
from pipeline.series import Places
from pipeline.show import MARK, by_country, outages_table, utc
from pipeline.topics import DEADLETTERS
from pipeline.unjudged import hardly_judged
from pipeline.unwatched import no_all_clear, too_short, unobserved
from pipeline.wording import counted, damage, given_up, printable, refused


def tell(
    console: Console, playback: Playback, result: Result, as_json: bool, note: str = "",
    doings: Sequence[Doing] = (), unjudged: Sequence[Series] = (), lately: Lately | None = None,
) -> int:  # fmt: skip
    """Show what came of a playback: tables and sentences, or one JSON object on standard output.

    ``note`` stands below the table of outages; ``doings``: what the feeds did; ``unjudged``: who
    was seen and hardly ever judged; ``lately``: what is seen now.
    Returns the exit code: 1 where nothing could be confirmed, and where what was given up, refused by its name,
    unanswered, not observed or not seen by a feed may hold an outage.
    """
    counts = {
        "read": playback.read, "used": result.used,
        "late": result.late, "dead": len(result.dead),
    }  # fmt: skip
    if as_json:
        sys.stdout.write(_as_json(playback, result, counts, doings, unjudged, lately or Lately()))
    else:
        _caution(console, given_up(result.dead))  # above the outages: what of them can be wrong
        past = _seeing(playback, doings)
        _found(console, result.sorted(), playback, past, note, lately or Lately())
        console.print(
            f"{counts['read']:,} records read{_span(playback)}: {counts['used']:,} used, {counts['late']:,} late, "
            f"{counts['dead']:,} dead"
        )
        if playback.past.judged_from is not None:
            console.print(
                f"nothing is confirmed in a series' first day: here before {utc(playback.past.judged_from)} UTC"
            )
        for sentence in moves(doings):
            console.print(Text(printable(sentence)))
        unread = (*damage(result.dead, FEW), *refused(result.dead), *strangers(playback.unmatched))
        unknown = (*blind(doings), *hardly_judged(unjudged, playback.places))
        _caution(console, (*_unanswered(counts), *unknown, *_limits(playback, result, past), *unread))
    nothing_judged = not sum(result.judged.values()) or not playback.past.is_settled
    lost = any(_unanswered(counts)) or any(gave_up(letter.reason) or refuses(letter.reason) for letter in result.dead)
    blind_once = any(doing.what != MOVED for doing in doings)
    return int(nothing_judged or lost or blind_once or bool(playback.observed.gaps()))


def _span(playback: Playback) -> str:
    """From when to when it has records: what is still out is so at its end."""
    seen = playback.observed
    return f", {utc(seen.first)} to {utc(seen.last)} UTC" if seen.first <= seen.last else ""


def _caution(console: Console, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        console.print(Text(printable(sentence), "yellow"))  # not as markup: it has words of the input


def _as_json(
    playback: Playback, result: Result, counts: dict[str, int], doings: Sequence[Doing], unjudged: Sequence[Series],
    lately: Lately,
) -> str:  # fmt: skip
    past = _seeing(playback, doings)
    told: dict[str, Any] = {
        "watermark": iso(result.watermark) if result.watermark > NEVER else None,
        "judged": sum(result.judged.values()),
        "missed": sum(result.missed.values()),
        "judged_from": None if past.judged_from is None else iso(past.judged_from),
        "records": counts,
        **no_all_clear(past, playback.observed, unjudged),
        **plain(doings),
        "undated": [outage.id for outage in confirmed(result.sorted()) if past.inexact(outage)],
        "now": plain_now(confirmed(result.sorted()), lately),
        "last_observed": [
            {"id": outage.id, "signal": signal, "until": iso(until)}
            for outage in confirmed(result.sorted()) for signal, until in past.unseen(outage)
        ],
        "given_up": [
            {"feed": letter.feed, "reason": letter.reason, "place": letter.place, "detail": letter.detail}
            for letter in result.dead if gave_up(letter.reason)
        ],
        "refused": sum(refuses(letter.reason) for letter in result.dead),
        "unmatched": [dict(zip(("folder", "entity_type", "entity"), line, strict=True)) for line in playback.unmatched],
    }  # fmt: skip
    outages = b",".join(result.lines().splitlines()).decode()
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)[:-1] + f',"outages":[{outages}]}}\n'


def _unanswered(counts: dict[str, int]) -> Iterator[str]:
    """What was read and neither used nor late nor dead: through Kafka the workers' own counts are compared."""
    if counts["read"] != counts["used"] + counts["late"] + counts["dead"]:
        yield (
            "This does not add up. What the workers did not answer for may hold an outage: no all-clear. Their log, or "
            f"the topic {DEADLETTERS.name}, says why."
        )


def _found(console: Console, found: list[Outage], playback: Playback, past: Past, note: str, lately: Lately) -> None:
    """The confirmed outages as a table, a country before its parts, how to read it, and how many there are."""
    sure = by_country(confirmed(found), playback.places)
    if sure:
        console.print("", outages_table(sure, playback.places, console.width, past.marks), "", sep="\n")
        for sentence in now_of(sure, lately, playback.places):
            console.print(Text(printable(sentence)))
        marked = f"{MARK}: not exactly known, see below." if any(any(past.marks(outage)) for outage in sure) else ""
        mobile, likeness = (told(found, playback.places) for told in (why_mobile, likenesses))
        for sentence in (note, *mobile, how_to_read(playback.past), marked, *likeness):
            if sentence:
                console.print(Text(printable(sentence), "dim"))
        console.print()
    said = counted(len(sure), "outage") if sure else "no outages"
    doubted = [outage for outage in found if outage.confirmed_at is None]
    retracted = sum(outage.state == RETRACTED for outage in doubted)
    rest = f", {retracted} of them retracted" if retracted else ""
    console.print(f"[bold]{said} confirmed[/bold], {len(doubted)} only suspected{rest}")
    for word, state in (("Still suspected", SUSPECTED), ("Retracted", RETRACTED)):
        own = [
            _suspicion(outage, playback.places)
            for outage in by_country(doubted, playback.places)
            if outage.state == state
        ]
        if own:
            _caution(console, [f"{word}: {few(own)}."])


def _suspicion(outage: Outage, places: Places) -> str:
    """Whose it is, and from when to when, or how sure it is."""
    until = f"on ({outage.probability:.0%} sure)" if outage.end is None else f"to {utc(outage.end)} UTC"
    when = f"from {utc(outage.start)} {'UTC ' if outage.end is None else ''}{until}"
    return f"{place_name(outage.entity_type, outage.entity, places)} {when}"


def _seeing(playback: Playback, doings: Iterable[Doing]) -> Past:
    """The past of what was observed and could be judged: not while a feed was blind."""
    return Past.of(playback.observed.without(blinded(doings)))


def _limits(playback: Playback, result: Result, past: Past) -> Iterator[str]:
    """What the result does not say."""
    if not sum(result.judged.values()):
        yield "Nothing was observed well enough to be judged: no outage found means nothing here."
    missed = sum(result.missed.values())
    if missed:
        yield f"{missed:,} bins came after their time was judged without them, their feed having been dead: not judged."
    if result.crowded:
        yield f"{result.crowded:,} of the late records found no room (max_prefixes, max_sessions): not counted."
    yield from too_short(past, playback.places)
    yield from unobserved(playback.observed, playback.places)
    yield from doubts(confirmed(result.sorted()), past, playback.places)
