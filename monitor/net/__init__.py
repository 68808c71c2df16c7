"""Reach the network safely, and do hostile work where it can be killed.

This package imports nothing of itself: a child process pays only for what its job needs.
"""
