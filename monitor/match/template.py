"""Write the commented rule that a newcomer edits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from monitor.model.keys import ChannelName

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,._/()-]*[A-Za-z0-9)]")
_NO_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off"})


def new_rule_text(rule_id: str, title: str, channels: Mapping[ChannelName, bool]) -> str:
    """Give a rule that loads as it is and teaches the language in its comments.

    `channels` tells of each channel whether it has a digest schedule, as `load_rules` takes it.
    """
    return _TEMPLATE.format(id=_scalar(rule_id), title=_scalar(title), tell=_tell(channels))


def _tell(channels: Mapping[ChannelName, bool]) -> str:
    if not channels:
        return "# tell:  {mailbox: digest}  # a channel of monitor.yaml: now, digest or both"
    name = next((name for name, has_digest in channels.items() if has_digest), None)
    told = f"{name}: digest" if name else f"{next(iter(channels))}: now"
    others = ", ".join(str(channel) for channel in channels)
    return f"tell:  {{{told}}}  # now, digest or both; channels: {others}"


def _scalar(text: str) -> str:
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    is_plain = _PLAIN.fullmatch(line) and line.lower() not in _NO_WORDS
    return line if is_plain else json.dumps(line, ensure_ascii=False)


_TEMPLATE = """\
# yaml-language-server: $schema=rule.schema.json
id: {id}
title: {title}
# about: Why this rule exists, for those who read its alerts.

# Named lines: an article must have something of each. The names are yours; they come back in
# every explanation. Upper or lower case, accents and 's do not matter.
match:
  who:                       # a list: any of its items is enough
    - Acme                   # a word; it finds Acme Corporation too
    - Globex Industries      # words side by side: a phrase
    - Init?ch                # wildcards: ? is one letter, * any number of them
  # whom: $rivals            # a list of terms from rules/lists/rivals.yaml
  what: '(office OR factory) NEAR/12 (open* OR "set up")'   # at most 12 words between them
  # Operators are in capitals: A AND B, A OR B, A AND NOT B, "a phrase", A NEAR/5 B,
  # A ONEAR/5 B (in this order), exact:Acme (case as written), title:(A OR B).
  # A text that begins or ends with quotes, or has # or a colon, goes in '...' as above.

# exclude: [Acme Weather, coyote]         # none of these may be in the article
# only: {{lang: [en, ur], country: [PK], max_age: 3d}}   # what is not known passes

{tell}
again: development           # never: a story once; every: each article; development: new sources

# Headlines to try the rule on: monitor rules test {id}
tests:
  match: [Acme Corporation will open an office in Lahore]
  no_match: [Acme reports earnings]
"""
