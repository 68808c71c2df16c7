"""Carry queries of other tools over into rules: one module under `vendors` for each tool."""
