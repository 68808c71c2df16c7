"""List every finding of the lint by its code: what is valid and still unwise, and why."""

from __future__ import annotations

LINTS = {
    "lint-common-exclude": (
        "An exclusion is a word that a good part of all articles holds, so the rule loses most of"
        " what it should find. Exclude a phrase that stands for the wrong meaning."
    ),
    "lint-common-word": (
        "A word that a good part of all articles holds is enough for a match by itself. Add a"
        " second line that must be found as well, or make it part of a phrase."
    ),
    "lint-contradiction": (
        "What is asked for cannot all be so: a term beside its own NOT, or values of `only:` that"
        " shut each other out. The rule, or one of its alternatives, never matches."
    ),
    "lint-costly": (
        "The rule asks for no whole word, only for a regular expression or for a wildcard that"
        " begins a word, so it is worked out on every article. Add a word that must be there."
    ),
    "lint-duplicate-rule": (
        "Two rules mean the same, so whoever hears of both is told twice. Keep one of them and"
        " join what they tell."
    ),
    "lint-duplicate-term": (
        "A term stands twice among alternatives, in a list or in a rule. Remove one of them."
    ),
    "lint-exclude-kills": (
        "What must be found is excluded as well: the rule, or one of its alternatives, never"
        " matches. Narrow the exclusion to a phrase, or remove the alternative."
    ),
    "lint-implied-term": (
        "A term adds nothing, because another beside it covers it: `opened` beside `open*`,"
        ' `"Meta Platforms"` beside `Meta`. Remove it, or narrow the other.'
    ),
    "lint-invisible-character": (
        "An invisible space (zero width space) stands inside a term, as pasted from a web page: it"
        " parts the word where nobody sees it. Type the term anew."
    ),
    "lint-known-alone": (
        "`only: {known: true}` asks that facts be known, but the rule asks for no fact. Add one,"
        " such as `country: PK`, or remove `known`."
    ),
    "lint-mixed-script": (
        "A word mixes Latin letters with Cyrillic or Greek ones that look alike, so it never"
        " matches the word it looks like. Type it anew on one keyboard."
    ),
    "lint-never-seen": (
        "Terms that no archived article holds, of a thousand or more. They may be misspelt; they"
        " may as well be what the rule waits for."
    ),
    "lint-no-tests": (
        "Nothing shows that the rule finds what it should. Add `tests:` with a headline it must"
        " find and one it must not."
    ),
    "lint-operator-in-phrase": (
        "Inside quotes AND, OR and NOT are words like any other. Close the quotes before the"
        " operator."
    ),
    "lint-other-form": (
        "A word is searched, and its plural or singular stands in archived articles without it,"
        " which are missed. Search both, or write forms: before the word."
    ),
    "lint-plural-alone": (
        "A plural is searched and its singular is not, so `offices` misses `office`. Add the"
        " singular, or write forms:office, which finds both."
    ),
    "lint-short-word": (
        "A word of three letters or fewer is enough for a match by itself, and it has other"
        " meanings (US, IT, PTA). Add a second line, or write exact: before it."
    ),
    "lint-sources-lack": (
        "`only:` asks for what some sources in sources.yaml do not state. Unknown passes: their"
        " articles are let through. State it there, or write `known: true`."
    ),
    "lint-tests-contradict": (
        "The same text stands under `match` and under `no_match` of a rule's tests. One of the two"
        " always fails."
    ),
    "lint-too-wide": (
        "The rule finds more than a tenth of the latest archived articles. Add a line that must be"
        " found as well, or exclude what is not meant."
    ),
    "lint-unknown-source": (
        "`only:` names a source that is no key and no domain in sources.yaml, and no late article"
        " came from there. Correct it, or add the source."
    ),
    "lint-unknown-value": (
        "`only:` asks for a language, country, tier or group that no source in sources.yaml and no"
        " late article has. Correct it, or state it in sources.yaml."
    ),
    "lint-unused-list": "No rule refers to the list. Use it or delete it.",
    "looks-like-operator": (
        "A word looks like an operator of this or another tool and is searched as a word. Write"
        " the operator in capitals, or quote the word."
    ),
    "lower-case-operator": (
        "and, or, not in small letters are words. Write AND, OR, NOT for the operators."
    ),
    "punctuation": (
        "A sign inside a term only parts words there, as it does in an article: `Meta Platforms,"
        " Inc.` is the phrase of three words. Leave it out to be clear."
    ),
    "rule-colon": (
        "An item `Name: text` may be a text with a colon or a line with a name. Quote the text, or"
        " put the query of the line in brackets."
    ),
    "rule-empty": "A file holds no rule. Write one or delete it.",
    "trailing-question-mark": (
        "A question mark at the end of a word asks for exactly one more letter. Drop it if it is"
        " only punctuation."
    ),
    "wide-near": (
        "A NEAR over more than 50 words is nearly AND in a news article. Write AND, or a smaller"
        " number."
    ),
}
"""What each warning of `monitor rules check` means and what cures it, by its code."""
