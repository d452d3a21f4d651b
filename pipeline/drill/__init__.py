"""``netvigil drill``: a made outage goes the real way to the real receivers, and each hop is said with its time."""
