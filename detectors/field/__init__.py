"""Rules that the field has published, to compare with."""
