"""Hold the dialects, one module each; `monitor.match.dialects.registry` finds them by itself."""
