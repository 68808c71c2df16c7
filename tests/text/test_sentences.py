from __future__ import annotations

import pytest

from monitor.text.sentences import sentence_ends

CASES = [
    # language, a text with | where a sentence ends
    ("en", "He left.| She came.| Why?| \"No!\"| Then"),
    ("en", "Dr. Khan of the U.S. Navy met Mr. J. R. Smith, e.g. on Oct. 5, at 5 p.m. at Mt. K."),
    ("en", "It rose by 3.5 per cent.| Meta Inc. fell; see No. 5.| He said no.| Then"),
    ("en", "\"Stop!\" he said. … and so on ... until Monday.| Yahoo! said so.| It"),
    ("en", "He sat in the sun.| The end (of it).)| Next"),
    ("de", "Am 3. Mai kam z.B. Dr. Meier.| Er blieb bis zum XX. Jahrhundert.| Gut"),
    ("en", "It ended on day 3.| May came"),
    ("ur", "یہ پہلا ہے۔| کیا یہ دوسرا ہے؟| ہاں"),
    ("hi", "यह पहला है।| यह दूसरा है।"),
    ("zh", "他来了。|她走了！|真的吗？|是"),
    ("ja", "「来た。」|と言った"),
    ("ar", "جاء الرجل.| ثم ذهب؟| نعم"),
    ("ru", "Это г. Москва и 5 млн. рублей.| Да"),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "marked"), CASES)
def test_sentences_end_where_a_reader_ends_them(lang: str, marked: str) -> None:
    text = marked.replace("|", "")
    shown = text
    for end in reversed(sentence_ends(text, lang)):
        if end < len(text):
            shown = f"{shown[:end]}|{shown[end:]}"
    assert shown == marked.removesuffix("|")


@pytest.mark.parametrize("piece", [".", ". ", "a. ", '."', "。", "A.", "…", ".)"])
def test_a_stop_looks_at_a_few_characters_only(piece: str) -> None:
    """A text this long would take minutes if any were looked at for each stop."""
    text = piece * (50_000 // len(piece))
    assert len(sentence_ends(text)) <= len(text)
