"""A watch on one machine: what it sees now (`picture`), and how a person reads it: terminal, page and API."""
