"""What holds for every history of announcements, whatever its order, its cutting and its repeats."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geo.places import Places
from pipeline.records import ESTABLISHED, Elements, Run
from pipeline.settings import Counting
from pipeline.signals.visibility import Visibility
from tests.signals.synthetic_bgp import Element, elements, peers

PEERS = peers(4)
PLACES = Places.of([("10.0.0.0/9", "PK"), ("10.128.0.0/9", "IQ"), ("2001:db8::/32", "PK")])
RULES = Counting(floors={4: 0, 6: 0}, min_peers=1, full_feed_share=0.0, settled=9.0)
"""Every peer that announces anything is full-feed, so that a few prefixes are enough."""

PREFIXES = [
    "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/17", "10.0.128.0/17", "10.0.5.0/24", "10.0.5.0/25", "10.0.5.128/25",
    "10.127.0.0/16", "10.128.0.0/12", "10.128.0.0/24", "2001:db8::/32", "2001:db8:1::/48",
]  # fmt: skip
ALWAYS = "10.200.0.0/24"

times = st.integers(1, 1799)
routes = st.builds(
    Element, times, st.sampled_from(["announce", "withdraw"]), st.sampled_from(PEERS), st.sampled_from(PREFIXES),
    st.sampled_from([0, 64500, 64501]), st.just(0),
)  # fmt: skip
states = st.builds(
    lambda time, peer, state: Element(time, "state", peer, state=state),
    times, st.sampled_from(PEERS), st.sampled_from([1, ESTABLISHED]),
)  # fmt: skip
histories = st.lists(st.one_of(routes, routes, routes, states), max_size=40).map(lambda rows: sorted(rows, key=time_of))
quick = settings(max_examples=40, deadline=None)


def time_of(element: Element) -> int:
    return element.time


def fresh() -> Visibility:
    vis = Visibility(Run(), "ris", 10, 256, ("bgp.ris", "bgp.ris6"), PLACES, RULES)
    vis.add(elements(Element(0, "rib", peer, ALWAYS, 64499) for peer in PEERS))
    return vis


def result(vis: Visibility, until: int = 1800) -> dict[str, dict[tuple[str, int], float]]:
    """Value by entity and bin, the order of entities aside."""
    return {
        bins.signal: {
            (entity.name, int(start)): float(value)
            for start, row, share in zip(bins.start, bins.value, bins.health, strict=True)
            for entity, value, known in zip(bins.entities, row, ~np.isnan(share), strict=True)
            if known
        }
        for bins in vis.close(until)
    }


def run(*batches: Elements) -> dict[str, dict[tuple[str, int], float]]:
    vis = fresh()
    for batch in batches:
        vis.add(batch)
    return result(vis)


def same(a: dict[str, dict], b: dict[str, dict]) -> bool:
    return a.keys() == b.keys() and all(
        a[s].keys() == b[s].keys() and np.array_equal(list(a[s].values()), [b[s][k] for k in a[s]], equal_nan=True)
        for s in a
    )


def naive(rows: list[Element], end: int) -> dict[str, int]:
    """/24s by country and AS at ``end``, counted with sets; no session goes down."""
    import ipaddress

    said = {(peer, ALWAYS): 64499 for peer in PEERS}
    for row in rows:
        if row.time < end and ":" not in row.prefix:
            said[row.peer, row.prefix] = row.origin or -1 if row.kind == "announce" else 0
    space: dict[str, set[int]] = defaultdict(set)
    for prefix in [ALWAYS, *PREFIXES]:
        if ":" in prefix:
            continue
        net = ipaddress.ip_network(prefix)
        slots = range(int(net.network_address) >> 8, (int(net.broadcast_address) >> 8) + 1)
        origins = [said.get((peer, prefix), 0) for peer in PEERS]
        heard = [origin for origin in origins if origin]
        if len(heard) * 2 < len(PEERS):
            continue
        space["PK"].update(s for s in slots if s < 0x0A8000)
        space["IQ"].update(s for s in slots if s >= 0x0A8000)
        owner = max([*sorted(set(heard) - {-1}), -1], key=heard.count)
        if owner > 0:
            space[f"AS{owner}"].update(slots)
    return {name: len(slots) for name, slots in space.items() if slots}


@quick
@given(st.lists(routes, max_size=60).map(lambda rows: sorted(rows, key=time_of)))
def test_counts_are_those_of_a_naive_count_with_sets(rows):
    counted = run(elements(rows))["bgp.ris"] if rows else run()["bgp.ris"]
    for start in range(0, 1800, 300):
        at = {name: value for (name, bin_start), value in counted.items() if bin_start == start and value}
        assert at == naive(rows, start + 300)


@quick
@given(histories, st.integers(0, 40))
def test_a_batch_that_is_cut_in_two_or_comes_twice_changes_nothing(history, at):
    whole, parts = elements(history), [elements(history[:at]), elements(history[at:])]
    assert same(run(whole), run(*parts))
    assert same(run(whole), run(whole, whole))


@quick
@given(histories, st.integers(0, 1800))
def test_closing_early_or_late_changes_nothing_and_no_bin_is_closed_twice(history, at):
    vis = fresh()
    early = [row for row in history if row.time < at]
    vis.add(elements(early))
    first = result(vis, at)
    vis.add(elements(history[len(early) :]))
    second = result(vis)
    whole = run(elements(history))
    for signal, values in whole.items():
        parts = [first.get(signal, {}), second.get(signal, {})]
        assert not (parts[0].keys() & parts[1].keys())
        assert same({"": parts[0] | parts[1]}, {"": values})


@quick
@given(histories, st.integers(0, 40), st.integers(0, 1800))
def test_a_saved_binner_goes_on_as_if_nothing_had_happened(history, cut, closed):
    whole, part = fresh(), fresh()
    for vis in (whole, part):
        vis.add(elements(history[:cut]))
        vis.close(closed)
    resumed = Visibility(Run(), "ris", 10, 256, ("bgp.ris", "bgp.ris6"), PLACES, RULES)
    state = part.save()
    resumed.load(state)
    assert resumed.save() == state
    for vis in (whole, resumed):
        vis.add(elements(history[cut:]))
    a, b = whole.close(2400), resumed.close(2400)
    assert [bins.entities for bins in a] == [bins.entities for bins in b]
    for left, right in zip(a, b, strict=True):
        assert np.array_equal(left.value, right.value, equal_nan=True)
        assert np.array_equal(left.health, right.health, equal_nan=True)
    assert whole.save() == resumed.save()


@quick
@given(st.lists(st.one_of(routes, routes, states), max_size=30, unique_by=time_of), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_while_the_bins_are_open(history, random):
    mixed = list(history)
    random.shuffle(mixed)
    assert same(run(elements(sorted(history, key=time_of))), run(*(elements([row]) for row in mixed)))
