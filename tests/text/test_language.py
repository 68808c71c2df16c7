from __future__ import annotations

import pytest

from monitor.text.language import MAX_CHARS, contradicts, detect, language_of

SAMPLES = {
    "en": "The company will open an office in the capital, said the minister on Monday after a "
    "meeting with its directors.",
    "de": "Der Konzern will in Berlin ein neues Büro eröffnen, teilte das Unternehmen am Montag "
    "in einer Erklärung mit, die der Zeitung vorliegt.",
    "fr": "L'équipe de France a remporté la finale hier soir devant une foule immense, après un "
    "match que personne n'oubliera de sitôt.",
    "pl": "Rząd zapowiedział w poniedziałek nowe przepisy dotyczące podatków od firm "
    "technologicznych, które wejdą w życie latem.",
    "tr": "İstanbul Büyükşehir Belediyesi yeni metro hattının açılış tarihini açıkladı ve "
    "çalışmaların sürdüğünü duyurdu, haber verdi.",
    "ru": "Правительство объявило о новых мерах поддержки экономики в понедельник.",
    "ar": "أعلنت الحكومة يوم الاثنين عن إجراءات جديدة لدعم الاقتصاد في البلاد.",
    "fa": "دولت روز دوشنبه از اقدامات تازه برای حمایت از اقتصاد کشور خبر داد.",
    "ur": "حکومت نے پیر کے روز معیشت کی مدد کے لیے نئے اقدامات کا اعلان کیا ہے۔",
    "hi": "सरकार ने सोमवार को अर्थव्यवस्था को सहारा देने के लिए नए कदमों की घोषणा की।",
    "th": "รัฐบาลประกาศมาตรการใหม่เพื่อสนับสนุนเศรษฐกิจในวันจันทร์",
    "zh": "政府周一宣布了支持经济的新措施，脸书公司将在伊斯兰堡开设办事处。",
    "ja": "政府は月曜日に経済を支援するための新しい措置を発表しました。",
    "he": "הממשלה הודיעה ביום שני על צעדים חדשים לתמיכה בכלכלה.",
}


@pytest.mark.parametrize("lang", SAMPLES)
def test_a_sentence_tells_its_language(lang: str) -> None:
    assert detect(SAMPLES[lang]) == lang
    assert not contradicts(lang, SAMPLES[lang])
    assert language_of("", SAMPLES[lang], None) == lang


@pytest.mark.parametrize(
    "text",
    ["", "Meta", "12345 678", "🙂🙂🙂", "Quake jolts Quetta", "脸书", "فیس بک", "a\x00b",
     "#" * 500, "REAGAN SAID CONVINCED ECONOMY STILL SOUND", "Meta Instagram WhatsApp " * 2],
)  # fmt: skip
def test_what_is_too_short_to_tell_stays_unknown(text: str) -> None:
    assert detect(text) is None
    assert language_of(text, "", None) is None


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "ur", True), ("en", "zh", True), ("ur", "en", True), ("ru", "hi", True),
        ("en", "fr", False), ("ar", "ur", False), ("ja", "zh", False), ("sr", "ru", False),
    ],
)  # fmt: skip
def test_a_script_contradicts_a_language_not_written_in_it(
    lang: str, text: str, expected: bool
) -> None:
    assert contradicts(lang, SAMPLES[text]) is expected


def test_what_is_stated_holds_unless_the_script_contradicts_it() -> None:
    assert language_of("Meta", SAMPLES["fr"], "de") == "de"
    assert language_of("Meta", SAMPLES["ur"], "en") == "ur"
    assert language_of("Meta", SAMPLES["ur"] + " Meta، WhatsApp", "en") == "ur"
    assert language_of("脸书", "", "en") == "en"  # too short to contradict anything


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    assert detect(SAMPLES["en"] + " " * MAX_CHARS + SAMPLES["ur"] * 100) == "en"
