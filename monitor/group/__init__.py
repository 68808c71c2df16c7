"""Group articles into stories."""

from monitor.group.explain import explain_placement
from monitor.group.index import StoryIndex
from monitor.group.weights import Model, default_model, read_model

__all__ = ["Model", "StoryIndex", "default_model", "explain_placement", "read_model"]
