"""Clients of live feeds.  They know neither Kafka nor the wall clock: URL, `Clock` and `Outlet` are passed in."""
