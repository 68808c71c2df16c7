"""Name words that are common in the press, in the form of their tokens."""

from __future__ import annotations

_ENGLISH = """
a about added after against all also an and any are as at bank be because been before between
billion but by can company could end expected first five for from government had has have he his i
if in international into is it its last made make market may more most new next no not now of on
one only or other out over said should since so some such take than that the their there they this
three time to told two under up us was we week were what when which while who will with world would
year years
"""
_URDU = """
اب اس ان انہوں انہیں اور اپنی اپنے ایک بات بعد بھی بی تک تھا تھی تھے جاری جانب جب جبکہ جس جو حاصل
خلاف خیال دو دوران دوسری دی دیا رہے ری ساتھ سال سے طور قبل لیا لیے مطابق میں نہیں نے والی والے وقت
وہ پر پہلے کا کر کرتے کردیا کرنے کریں کسی کو کوئی کہ کہا کہنا کی کیا کیلئے کیے کے گئی گئے گا گیا گے
ہوئی ہوئے ہوا ہونے ہوں ہی ہیں ہے یہ
"""
COMMON_WORDS = frozenset((_ENGLISH + _URDU).split())
"""Stand in at least every fifth of 2,765 English and 200 Urdu news articles."""
