"""Recognise pages that stand in front of an article: consent, captcha, challenge, login."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

_LONG_TEXT_CHARS = 1_500  # an article that is as long as this and mentions cookies is an article
_MANY_SIGNS = 3

_CONSENT_HOSTS = re.compile(
    r"(?:^|\.)(?:consent\.(?:google|youtube|yahoo)\.[a-z.]{2,6}|guce\.[a-z]+\.com"
    r"|consent\.[a-z0-9-]+\.[a-z.]{2,6}|myprivacy\.[a-z0-9-]+\.[a-z]{2,6}|cmp\.[a-z0-9.-]+)$"
)
_CONSENT_PATH = re.compile(
    r"/(?:collectconsent|cookie-?consent|consent-?wall|privacy-?gate)\b", re.IGNORECASE
)

_CONSENT_TITLE = re.compile(
    r"^(?:before you continue|bevor sie (?:zu|fortfahren)|avant d.acc[eé]der"
    r"|antes de (?:ir|continuar)|prima di continuare|voordat je (?:verder|naar)"
    r"|your privacy|privacy settings"
    r"|we (?:value|care about) your privacy|cookie (?:consent|settings|preferences)"
    r"|datenschutz(?:einstellungen|-einstellungen)?$|mit werbung weiterlesen)",
    re.IGNORECASE,
)
_CHALLENGE_TITLE = re.compile(
    r"^(?:just a moment|attention required|access denied|are you (?:a robot|human|not a robot)"
    r"|please (?:verify|wait)|verify(?:ing)? (?:you are|that you)|security check|robot check"
    r"|ddos-guard|pardon our interruption|bot verification|human verification|captcha"
    r"|one more step|checking your browser|403 forbidden|request unsuccessful)",
    re.IGNORECASE,
)
_CHALLENGE_MARKS = (
    "//form[@id='challenge-form']",
    "//*[@id='cf-challenge-running' or @id='cf-wrapper' or @id='px-captcha']",
    "//script[contains(@src, '/cdn-cgi/challenge-platform/')]",
    "//script[contains(@src, 'captcha-delivery.com')]",
    "//iframe[contains(@src, 'captcha-delivery.com') or contains(@src, '_Incapsula_Resource')]",
    (
        "//*[contains(@class, 'g-recaptcha') or contains(@class, 'h-captcha')"
        " or contains(@class, 'cf-turnstile')]"
    ),
)
_CHALLENGE_WORDS = re.compile(
    r"enable javascript and cookies to continue|checking (?:if the site connection|your browser)"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|unusual traffic from your"
    r"|complete the security check|press (?:&|and) hold|needs to review the security of your",
    re.IGNORECASE,
)
_CONSENT_SIGNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bcookies?\b",
        (
            r"\b(?:accept|reject|allow) all\b|alle (?:akzeptieren|ablehnen)"
            r"|tout (?:accepter|refuser)|aceptar todo|rechazar todo|accetta tutto"
            r"|alles (?:accepteren|weigeren)"
        ),
        r"\bpersonali[sz]ed (?:ads?|content|advertising)|personalisierte|personnalis[ée]",
        (
            r"\b(?:our|and our|\d+) (?:advertising |trusted )?partners\b"
            r"|unsere partner|nos partenaires"
        ),
        r"\bprivacy (?:policy|settings|choices|cent(?:er|re))|datenschutz|confidentialit[ée]",
        r"\bwithdraw (?:your )?consent|legitimate interest|vendor list|einwilligung|consentement",
        r"store (?:and/or|and|or) access information on a device",
        r"measure (?:audience|ad|content) ?(?:engagement|performance|statistics)?",
    )
)


def obstacle_of_url(url: str) -> str | None:
    """Say in a sentence that an address is a consent page's; None if not."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if _CONSENT_HOSTS.search(host) or _CONSENT_PATH.search(parts.path[:500]):
        return f"{host} shows a consent page instead of the article."
    return None


def obstacle_in(tree: Any, *, title: str, text: str) -> str | None:
    """Say in a sentence what stands in front of the article; None if nothing does.

    `text` is what was extracted: a long one is an article whatever its subject, unless the title
    says otherwise and the marks of a challenge stand in the page.
    """
    is_short = len(text) < _LONG_TEXT_CHARS
    has_mark = is_short and any(tree.xpath(path) for path in _CHALLENGE_MARKS)
    is_challenge_title = bool(_CHALLENGE_TITLE.match(title))
    has_words = is_short and bool(_CHALLENGE_WORDS.search(text[:_LONG_TEXT_CHARS]))
    if is_short and (is_challenge_title or has_words or (has_mark and len(text) < 300)):
        return "The page asks for proof that a human reads it, instead of showing the article."
    if _is_consent(title, text, is_short=is_short):
        return "The page asks for consent to cookies instead of showing the article."
    return None


def _is_consent(title: str, text: str, *, is_short: bool) -> bool:
    signs = sum(bool(sign.search(text[:20_000])) for sign in _CONSENT_SIGNS)
    if _CONSENT_TITLE.match(title):
        return signs >= (1 if is_short else _MANY_SIGNS) or len(text) < 300
    # without such a title: a short text that speaks of little else
    return is_short and signs >= _MANY_SIGNS + 1
