"""What is said of a replay once it is over: to a person in the terminal, to a program as JSON."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from rich.console import Console
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.errors import FEW, few, gave_up, printable, refuses
from pipeline.explain.feed_incidents import blind, moves, plain
from pipeline.explain.no_all_clear import (
    days_elsewhere,
    first_weekends,
    hardly_judged,
    never_judged,
    no_all_clear,
    of_no_signal,
    too_short,
    unobserved,
    weekends_unseen,
)  # fmt: skip
from pipeline.explain.partial_view import from_parts, not_as_a_whole, not_whole, of_no_country, parts_alone
from pipeline.explain.residual_loss import back_again, not_all_back, now_of, plain_left
from pipeline.explain.terminal import MARK, how_folded, outages_table, still_out
from pipeline.explain.text import counted, damage, given_up, refused, utc
from pipeline.explain.why import by_traffic_only, doubts, how_to_read, likenesses, suspicions, what_kinds, why_mobile
from pipeline.feeds import strangers
from pipeline.fusion.outages import CONFIRMED, RETRACTED
from pipeline.records import Left, Outage
from pipeline.replay.coverage import Past
from pipeline.replay.report import ReplayReport, blinded, by_country, confirmed
from pipeline.settings import Fusing
from pipeline.topics import DEADLETTERS


def tell(console: Console, report: ReplayReport, as_json: bool, note: str = "", settings: Fusing | None = None) -> int:
    """Show what came of a replay: tables and sentences, or one JSON object on standard output.

    ``note`` stands below the table of outages; ``settings``: those of fusion.  Returns the exit code, see `exit_code`.
    """
    settings, found = settings or Fusing(), report.sorted()
    counts = _counts(report)
    incidents, unjudged, past = report.incidents(), report.unjudged(), report.judged_past()
    wholes = not_whole(found, report.observed, report.places, settings)
    left = report.lacking(settings)
    if as_json:
        told = _plain(report, counts, past) | plain(incidents)
        told |= no_all_clear(past, report.observed, unjudged) | {
            "too_few_parts": [w._asdict() for w in wholes], "lacking": plain_left(left),
        }  # fmt: skip
        sys.stdout.write(_as_json(told, report))
        return exit_code(report)
    unclear = (
        *not_as_a_whole(wholes, report.places, settings),
        *from_parts(found, report.observed, report.places, settings),
        *parts_alone(found, report.observed, report.places, settings), *of_no_country(found, report.places),
        *_unanswered(counts), *refused(report.dead), *blind(incidents), *_limits(report, past),
        *of_no_signal(unjudged, report.observed), *hardly_judged(unjudged, report.places),
    )  # fmt: skip
    _caution(console, (*given_up(report.dead), *_nothing(report)))  # above the outages: what of them can be wrong
    _found(console, report, found, past, note, unclear, settings, left)
    console.print(
        f"{counts['read']:,} records read{_span(report)}: {counts['used']:,} used, {counts['late']:,} late, "
        f"{counts['dead']:,} dead"
    )
    if (begun := report.past.judged_from) is not None:
        console.print(f"nothing is confirmed in a series' first day: here before {utc(begun)} UTC{_again(past)}")
    named = settings.days, report.observed, report.places
    elsewhere = (*days_elsewhere(*named), *weekends_unseen(*named), *first_weekends(*named))
    for sentence in moves(incidents):
        console.print(Text(printable(sentence)))
    _caution(console, (*damage(report.dead, FEW), *strangers(report.unmatched), *elsewhere))
    return exit_code(report)


def exit_code(report: ReplayReport) -> int:
    """1 where nothing could be confirmed, if only of one country, and where what was given up, refused by its name,
    unanswered, not observed or not judged because of its feed may hold an outage; else 0."""
    unjudged, dead = report.unjudged(), [letter.reason for letter in report.dead]
    nothing_judged = not sum(report.judged.values()) or not report.past.is_settled
    nothing_judged |= bool(never_judged(unjudged, report.observed))
    lost = any(_unanswered(_counts(report))) or any(gave_up(reason) or refuses(reason) for reason in dead)
    return int(nothing_judged or lost or bool(blinded(report.incidents())) or bool(report.observed.gaps()))


def _counts(report: ReplayReport) -> dict[str, int]:
    return {"read": report.read, "used": report.used, "late": report.late, "dead": len(report.dead)}


def _again(past: Past) -> str:
    """When it is so again, after holes of weeks."""
    days = [f"{utc(start)} to {utc(end)} UTC" for start, end in past.first_days()]
    return f"; again after a hole of weeks, whatever it had before it: {few(days)}" if days else ""


def _span(report: ReplayReport) -> str:
    """From when to when it has records: what is still out is so at its end."""
    seen = report.observed
    return f", {utc(seen.first)} to {utc(seen.last)} UTC" if seen.first <= seen.last else ""


def _caution(console: Console, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        console.print(Text(printable(sentence), "yellow"))  # not as markup: it has words of the input


def _plain(report: ReplayReport, counts: dict[str, int], past: Past) -> dict[str, Any]:
    """What is known of a playback and its outages, for a program."""
    sure = confirmed(report.sorted())
    return {
        "watermark": iso(report.watermark) if report.watermark > NEVER else None,
        "judged": sum(report.judged.values()),
        "missed": sum(report.missed.values()),
        "judged_from": None if past.judged_from is None else iso(past.judged_from),
        "records": counts,
        "undated": [outage.id for outage in sure if past.inexact(outage)],
        "now": plain_left(chain.from_iterable(report.now(sure).values())),
        "last_observed": [
            {"id": outage.id, "signal": signal, "until": iso(until)}
            for outage in sure for signal, until in past.unseen(outage)
        ],
        "given_up": [
            {"feed": letter.feed, "reason": letter.reason, "place": letter.place, "detail": letter.detail}
            for letter in report.dead if gave_up(letter.reason)
        ],
        "refused": sum(refuses(letter.reason) for letter in report.dead),
        "unmatched": [dict(zip(("folder", "entity_type", "entity"), line, strict=True)) for line in report.unmatched],
    }  # fmt: skip


def _as_json(told: dict[str, Any], report: ReplayReport) -> str:
    """One line; the outages in it as ``--outages`` writes them."""
    outages = b",".join(report.lines().splitlines()).decode()
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)[:-1] + f',"outages":[{outages}]}}\n'


def _unanswered(counts: dict[str, int]) -> Iterator[str]:
    """What was read and neither used nor late nor dead: through Kafka the workers' own counts are compared."""
    if counts["read"] != counts["used"] + counts["late"] + counts["dead"]:
        yield (
            "This does not add up. What the workers did not answer for may hold an outage: no all-clear. Their log, or "
            f"the topic {DEADLETTERS.name}, says why."
        )


def _found(
    console: Console, report: ReplayReport, found: list[Outage], past: Past, note: str,
    unclear: Iterable[str], settings: Fusing, left: Iterable[Left],
) -> None:  # fmt: skip
    """What was found, the answer first: which outages go on, all of them as a table, what of it is not sure, how to
    read it, and how many there are."""
    places = report.places
    sure = by_country(confirmed(found), places)
    last = report.now(sure)
    if sure:
        console.print(
            "",
            Text(
                printable(still_out(sure, past, places, lambda o: back_again(o, last.get(o.id, ()), settings))), "bold"
            ),
            "",
            sep="\n",
        )
        console.print(outages_table(sure, places, console.width, past.marks), "", sep="\n")
        now = [*now_of(sure, last, places), *not_all_back(sure, left, places)]
        console.print(*(Text(printable(sentence)) for sentence in now), sep="\n", end="\n" if now else "")
        unsure = [*(f"{MARK} {doubt}" for doubt in doubts(sure, past, places)), *unclear]
        _caution(console, unsure)
        if now or unsure:
            console.print()
        kinds = (told(found, places) for told in (by_traffic_only, why_mobile, what_kinds))
        for sentence in (
            note,
            *chain(*kinds),
            how_to_read(report.past, sure),
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


def _nothing(report: ReplayReport) -> Iterator[str]:
    """That no outage could be found at all."""
    if not sum(report.judged.values()):
        yield "Nothing was observed well enough to be judged: no outage found means nothing here."


def _limits(report: ReplayReport, past: Past) -> Iterator[str]:
    """What the result does not say."""
    missed = sum(report.missed.values())
    if missed:
        yield f"{missed:,} bins came after their time was judged without them, their feed having been dead: not judged."
    if report.crowded:
        yield f"{report.crowded:,} of the late records found no room (max_prefixes, max_sessions): not counted."
    yield from too_short(past, report.places)
    yield from unobserved(report.observed, report.places)
