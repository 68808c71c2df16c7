"""Watch the press by written rules and tell each story once, with its reason."""

__version__ = "0.1.0"
