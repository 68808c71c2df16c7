"""Decide when a channel's digest is due, and compose what it holds."""
