"""Decide whether a match in a story is worth telling."""
