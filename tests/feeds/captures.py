"""TCP streams of packet captures (pcap, pcapng), as far as tests of BGP need them."""

import struct
from collections.abc import Iterator
from pathlib import Path

PCAPNG = b"\x0a\x0d\x0d\x0a"
LINK = {1: 14, 9: 4, 101: 0, 113: 16}
"""Bytes before the IP header by link type: Ethernet, PPP, raw, Linux cooked."""


def packets(file: Path) -> Iterator[tuple[int, bytes]]:
    """Link type and content of every packet."""
    content = file.read_bytes()
    yield from _blocks(content) if content[:4] == PCAPNG else _classic(content)


def _classic(content: bytes) -> Iterator[tuple[int, bytes]]:
    link, at = struct.unpack_from("<I", content, 20)[0], 24
    while at + 16 <= len(content):
        size = struct.unpack_from("<I", content, at + 8)[0]
        yield link, content[at + 16 : at + 16 + size]
        at += 16 + size


def _blocks(content: bytes) -> Iterator[tuple[int, bytes]]:
    link = at = 0
    while at + 12 <= len(content):
        kind, size = struct.unpack_from("<II", content, at)
        if kind == 1:
            link = struct.unpack_from("<H", content, at + 8)[0]
        elif kind == 6:
            captured = struct.unpack_from("<I", content, at + 20)[0]
            yield link, content[at + 28 : at + 28 + captured]
        at += size


def payload(link: int, packet: bytes) -> tuple[bytes, bytes]:
    """Addresses and ports, and what TCP carries; all of the packet where it is not TCP over IP."""
    at = LINK.get(link, 0)
    version = packet[at] >> 4 if len(packet) > at else 0
    tcp = at + (40 if version == 6 else 4 * (packet[at] & 15) if version == 4 else 0)
    protocol = at + (6 if version == 6 else 9)
    if version not in (4, 6) or len(packet) < tcp + 20 or packet[protocol] != 6:
        return b"", packet
    stated = int.from_bytes(packet[at + 4 : at + 6]) + 40 if version == 6 else int.from_bytes(packet[at + 2 : at + 4])
    packet = packet[: at + stated]  # Ethernet pads what is short
    addresses = packet[at + 8 : at + 40] if version == 6 else packet[at + 12 : at + 20]
    return addresses + packet[tcp : tcp + 4], packet[tcp + 4 * (packet[tcp + 12] >> 4) :]


def messages(file: Path) -> list[bytes]:
    """BGP messages of a capture, cut by the lengths that they state; what is none is a message all the same."""
    streams: dict[bytes, list[bytes]] = {}
    for link, packet in packets(file):
        flow, carried = payload(link, packet)
        streams.setdefault(flow, []).append(carried)
    pieces = [b"".join(parts) for flow, parts in streams.items() if flow] + streams.get(b"", [])
    return [message for piece in pieces for message in _cut(piece)]


def _cut(stream: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(stream):
        size = int.from_bytes(stream[at + 16 : at + 18])
        size = size if size >= 19 else len(stream) - at
        yield stream[at : at + size]
        at += size
