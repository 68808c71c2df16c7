"""Answer over HTTP: health, readiness, metrics."""
