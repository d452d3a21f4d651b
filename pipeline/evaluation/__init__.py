"""Outages held against what is known to have happened: every detector under the same accounting."""
