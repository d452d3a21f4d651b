"""What is said of a replay once it is over: to a person in the terminal, to a program as JSON."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from rich.console import Console
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.errors import FEW, few, gave_up, printable, refuses
from pipeline.explain.context import (
    by_traffic_alone,
    confirmed,
    how_to_read,
    likenesses,
    still_out,
    suspicions,
    what_kinds,
    why_mobile,
)
from pipeline.explain.doubts import doubts
from pipeline.explain.feed_incidents import MOVED, Doing, blind, blinded, moves, plain
from pipeline.explain.lacking import Recent, lacking, not_all_back
from pipeline.explain.named_days import days_elsewhere, first_weekends, weekends_unseen
from pipeline.explain.no_all_clear import no_all_clear, too_short, unobserved
from pipeline.explain.partial_view import from_parts, not_as_a_whole, not_whole, of_no_country, parts_alone
from pipeline.explain.residual_loss import Lately, now_of, plain_left, plain_now
from pipeline.explain.terminal import MARK, by_country, how_folded, outages_table, utc
from pipeline.explain.text import counted, damage, given_up, refused
from pipeline.explain.unjudged import Unheard, hardly_judged, never_judged, of_no_signal
from pipeline.feeds import strangers
from pipeline.fusion.outages import CONFIRMED, RETRACTED
from pipeline.records import Left, Outage
from pipeline.replay.past import Past
from pipeline.replay.replay import Playback, Result
from pipeline.settings import Fusing
from pipeline.topics import DEADLETTERS


def tell(
    console: Console, playback: Playback, result: Result, as_json: bool, note: str = "",
    doings: Sequence[Doing] = (), unjudged: Sequence[Unheard] = (), lately: Lately | None = None,
    settings: Fusing | None = None, recent: Recent | None = None,
) -> int:  # fmt: skip
    """Show what came of a playback: tables and sentences, or one JSON object on standard output.

    ``note`` stands below the table of outages; ``doings``: what the feeds did; ``unjudged``: who
    was seen and not judged, hardly ever or for a time; ``lately``: what is seen now; ``settings``: with which they were
    fused; ``recent``: the last hours of what was judged.
    Returns the exit code: 1 where nothing could be confirmed, if only of one country, and where what was given up,
    refused by its name, unanswered, not observed or not seen by a feed may hold an outage.
    """
    counts = {
        "read": playback.read, "used": result.used,
        "late": result.late, "dead": len(result.dead),
    }  # fmt: skip
    past = _seeing(playback, doings)
    settings, found = settings or Fusing(), result.sorted()
    wholes = not_whole(found, playback.observed, playback.places, settings)
    left = lacking(found, recent or Recent(), settings)
    if as_json:
        told = _plain(playback, result, counts, past, lately or Lately()) | plain(doings)
        told |= no_all_clear(past, playback.observed, unjudged) | {
            "too_few_parts": [w._asdict() for w in wholes], "lacking": plain_left(left),
        }  # fmt: skip
        sys.stdout.write(_as_json(told, result))
    else:
        unclear = (
            *not_as_a_whole(wholes, playback.places, settings),
            *from_parts(found, playback.observed, playback.places, settings),
            *parts_alone(found, playback.observed, playback.places, settings), *of_no_country(found, playback.places),
            *_unanswered(counts), *refused(result.dead), *blind(doings), *_limits(playback, result, past),
            *of_no_signal(unjudged, playback.observed), *hardly_judged(unjudged, playback.places),
        )  # fmt: skip
        _caution(console, (*given_up(result.dead), *_nothing(result)))  # above the outages: what of them can be wrong
        _found(console, playback, found, past, lately or Lately(), note, unclear, settings, left)
        console.print(
            f"{counts['read']:,} records read{_span(playback)}: {counts['used']:,} used, {counts['late']:,} late, "
            f"{counts['dead']:,} dead"
        )
        if (begun := playback.past.judged_from) is not None:
            console.print(f"nothing is confirmed in a series' first day: here before {utc(begun)} UTC{_again(past)}")
        named = settings.days, playback.observed, playback.places
        elsewhere = (*days_elsewhere(*named), *weekends_unseen(*named), *first_weekends(*named))
        for sentence in moves(doings):
            console.print(Text(printable(sentence)))
        _caution(console, (*damage(result.dead, FEW), *strangers(playback.unmatched), *elsewhere))
    nothing_judged = not sum(result.judged.values()) or not playback.past.is_settled
    nothing_judged |= bool(never_judged(unjudged, playback.observed))
    lost = any(_unanswered(counts)) or any(gave_up(letter.reason) or refuses(letter.reason) for letter in result.dead)
    blind_once = any(doing.what != MOVED for doing in doings)
    return int(nothing_judged or lost or blind_once or bool(playback.observed.gaps()))


def _again(past: Past) -> str:
    """When it is so again, after holes of weeks."""
    days = [f"{utc(start)} to {utc(end)} UTC" for start, end in past.first_days()]
    return f"; again after a hole of weeks, whatever it had before it: {few(days)}" if days else ""


def _span(playback: Playback) -> str:
    """From when to when it has records: what is still out is so at its end."""
    seen = playback.observed
    return f", {utc(seen.first)} to {utc(seen.last)} UTC" if seen.first <= seen.last else ""


def _caution(console: Console, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        console.print(Text(printable(sentence), "yellow"))  # not as markup: it has words of the input


def _plain(
    playback: Playback, result: Result, counts: dict[str, int], past: Past, lately: Lately
) -> dict[str, Any]:  # fmt: skip
    """What is known of a playback and its outages, for a program."""
    sure = confirmed(result.sorted())
    return {
        "watermark": iso(result.watermark) if result.watermark > NEVER else None,
        "judged": sum(result.judged.values()),
        "missed": sum(result.missed.values()),
        "judged_from": None if past.judged_from is None else iso(past.judged_from),
        "records": counts,
        "undated": [outage.id for outage in sure if past.inexact(outage)],
        "now": plain_now(sure, lately),
        "last_observed": [
            {"id": outage.id, "signal": signal, "until": iso(until)}
            for outage in sure for signal, until in past.unseen(outage)
        ],
        "given_up": [
            {"feed": letter.feed, "reason": letter.reason, "place": letter.place, "detail": letter.detail}
            for letter in result.dead if gave_up(letter.reason)
        ],
        "refused": sum(refuses(letter.reason) for letter in result.dead),
        "unmatched": [dict(zip(("folder", "entity_type", "entity"), line, strict=True)) for line in playback.unmatched],
    }  # fmt: skip


def _as_json(told: dict[str, Any], result: Result) -> str:
    """One line; the outages in it as ``--outages`` writes them."""
    outages = b",".join(result.lines().splitlines()).decode()
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)[:-1] + f',"outages":[{outages}]}}\n'


def _unanswered(counts: dict[str, int]) -> Iterator[str]:
    """What was read and neither used nor late nor dead: through Kafka the workers' own counts are compared."""
    if counts["read"] != counts["used"] + counts["late"] + counts["dead"]:
        yield (
            "This does not add up. What the workers did not answer for may hold an outage: no all-clear. Their log, or "
            f"the topic {DEADLETTERS.name}, says why."
        )


def _found(
    console: Console, playback: Playback, found: list[Outage], past: Past, lately: Lately, note: str,
    unclear: Iterable[str], settings: Fusing, left: Iterable[Left],
) -> None:  # fmt: skip
    """What was found, the answer first: which outages go on, all of them as a table, what of it is not sure, how to
    read it, and how many there are."""
    places, back_again = playback.places, partial(lately.back_again, settings=settings)
    sure = by_country(confirmed(found), places)
    if sure:
        console.print("", Text(printable(still_out(sure, past, places, back_again)), "bold"), "", sep="\n")
        console.print(outages_table(sure, places, console.width, past.marks), "", sep="\n")
        now = [*now_of(sure, lately, places), *not_all_back(sure, left, places)]
        console.print(*(Text(printable(sentence)) for sentence in now), sep="\n", end="\n" if now else "")
        unsure = [*(f"{MARK} {doubt}" for doubt in doubts(sure, past, places)), *unclear]
        _caution(console, unsure)
        if now or unsure:
            console.print()
        kinds = (told(found, places) for told in (by_traffic_alone, why_mobile, what_kinds))
        for sentence in (
            note,
            *chain(*kinds),
            how_to_read(playback.past, sure),
            how_folded(sure),
            *likenesses(found, places),
        ):
            if sentence:
                console.print(Text(printable(sentence), "dim"))
        console.print()
    console.print(_how_many(found, sure))
    _caution(console, suspicions(found, past, places, settings))
    if not sure:
        _caution(console, unclear)


def _how_many(found: list[Outage], sure: list[Outage]) -> str:
    """How many were confirmed, and are still out, and how many were not."""
    doubted = [outage for outage in found if outage.confirmed_at is None]
    out, back = sum(outage.state == CONFIRMED for outage in sure), sum(o.state == RETRACTED for o in doubted)
    said = f"[bold]{counted(len(sure), 'outage') if sure else 'no outages'} confirmed[/bold]"
    said += f" ({out:,} still out)" if out else ""
    if back:
        return f"{said}, {len(doubted)} only suspected" + (
            ", and retracted" if back == len(doubted) else f", {back} of them retracted"
        )
    return f"{said}, {len(doubted)} only suspected"


def _seeing(playback: Playback, doings: Iterable[Doing]) -> Past:
    """The past of what was observed and could be judged: not while a feed was blind."""
    return Past.of(playback.observed.without(blinded(doings)))


def _nothing(result: Result) -> Iterator[str]:
    """That no outage could be found at all."""
    if not sum(result.judged.values()):
        yield "Nothing was observed well enough to be judged: no outage found means nothing here."


def _limits(playback: Playback, result: Result, past: Past) -> Iterator[str]:
    """What the result does not say."""
    missed = sum(result.missed.values())
    if missed:
        yield f"{missed:,} bins came after their time was judged without them, their feed having been dead: not judged."
    if result.crowded:
        yield f"{result.crowded:,} of the late records found no room (max_prefixes, max_sessions): not counted."
    yield from too_short(past, playback.places)
    yield from unobserved(playback.observed, playback.places)
