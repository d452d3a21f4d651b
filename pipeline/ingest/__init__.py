"""Ingest: clients of live feeds, supervised in one process; their records become frames in Kafka, with heartbeats."""
