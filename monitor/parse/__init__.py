"""Read feeds: RSS 0.9x to 2.0, RDF, Atom and JSON Feed, from bytes to entries as stated.

`parse_light` (inline) gives None on any doubt; then `parse_carefully` reads the document in a
child process. Texts of an entry are HTML, whatever the feed called them; links may be relative.
"""

from monitor.parse.choose import is_light, parse_carefully, parse_light

__all__ = ["is_light", "parse_carefully", "parse_light"]
