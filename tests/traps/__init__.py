"""The traps that real series hold (REFERENCE.md, end of section 1): each is met without its cure, and not with it."""
