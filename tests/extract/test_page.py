"""Finding the article in a page, and never taking what stands in front of it for one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.errors import ExtractError
from monitor.extract import extract_page

URL = "https://www.dawn.example/news/1712/meta-office"
PARAGRAPHS = """
ISLAMABAD: Officials of Meta were invited on Wednesday to open an office in Pakistan, the \
ministry of information technology said after a meeting with the company's delegation.
The minister told the visitors that the country has more than 40 million users of the platform, \
and that a local office would help creators to be paid and complaints to be heard.
A spokesperson for the company said that it valued the talks, and that no decision on an office \
had been taken; training for women entrepreneurs would go on in three cities.
The delegation also met members of the parliamentary committee, who asked about the handling of \
requests to remove content and about how long an answer takes on average.
""".strip().splitlines()
STORY = "".join(f"<p>{text}</p>\n" for text in PARAGRAPHS)
BOILERPLATE = ["Most read today", "Subscribe to our newsletter", "Terms of use", "Editor's picks"]


def page(
    body: str = STORY,
    head: str = "",
    title: str = "Meta invited to open office - Dawn",
    heading: str = "<h1>Meta invited to open office in Pakistan</h1>",
) -> bytes:
    links = "".join(f"<li><a href='/s/{n}'>Section {n} headlines</a></li>" for n in range(30))
    aside = "".join(f"<li><a href='/m/{n}'>Another story number {n}</a></li>" for n in range(10))
    return f"""<!DOCTYPE html><html lang="en-PK"><head><meta charset="utf-8"><title>{title}</title>
{head}</head><body><header><nav class="menu"><ul>{links}</ul></nav></header>
<main><article>{heading}<div class="share">Share on Facebook Tweet this</div>
<div class="story__content">{body}</div></article></main>
<aside class="sidebar"><h3>Most read today</h3><ul>{aside}</ul></aside>
<div class="newsletter"><h4>Subscribe to our newsletter</h4><p>Get it every day.</p></div>
<section class="related"><h3>Editor's picks</h3><ul>{aside}</ul></section>
<footer><a href="/terms">Terms of use</a><p>Copyright 2026 Dawn</p></footer>
<script>var tracker = "cookies accept all";</script></body></html>""".encode()


def test_the_story_is_found_and_what_surrounds_it_is_not() -> None:
    found = extract_page(page(), URL, "utf-8")
    assert found.text.split("\n\n")[-4:] == PARAGRAPHS
    assert not [text for text in BOILERPLATE if text in found.text]
    assert found.title == "Meta invited to open office in Pakistan"
    assert found.lang == "en-pk"
    assert found.canonical_url is None


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        ('<link rel="canonical" href="/news/1712">', "https://www.dawn.example/news/1712"),
        ('<link rel="Canonical" href="https://dawn.example/x">', "https://dawn.example/x"),
        ('<meta property="og:url" content="https://dawn.example/y">', "https://dawn.example/y"),
        ('<link rel="canonical" href="https://dawn.example/">', None),
        ('<link rel="canonical" href="javascript:alert(1)">', None),
        ('<link rel="canonical" href="https://u:p@dawn.example/x">', None),
        ('<link rel="canonical" href="http://[::1">', None),
        ('<link rel="canonical" href="">', "https://www.dawn.example/news/1712/meta-office"),
    ],
)
def test_the_canonical_address_is_believed_only_if_it_can_be_one(
    head: str, canonical: str | None
) -> None:
    assert extract_page(page(head=head), URL, None).canonical_url == canonical


def test_the_title_prefers_the_one_meant_for_sharing() -> None:
    head = '<meta property="og:title" content="Meta &amp; Pakistan: &lt;talks&gt;">'
    assert extract_page(page(head=head), URL, None).title == "Meta & Pakistan: <talks>"
    assert extract_page(page(heading=""), URL, None).title == "Meta invited to open office - Dawn"


URDU = (
    "وزارت نے کہا کہ میٹا کو پاکستان میں دفتر "
    "کھولنے کی دعوت دی گئی ہے اور بات چیت جاری رہے گی۔ " * 4
)


@pytest.mark.parametrize(
    ("encoding", "charset", "meta"),
    [
        ("utf-8", "utf-8", ""),
        ("utf-8", None, ""),
        ("utf-8", "iso-8859-6", ""),
        ("utf-8-sig", "windows-1256", ""),
        ("utf-16", None, ""),
        ("utf-8", "no-such-charset", ""),
        ("utf-8", "base64", ""),
    ],
)
def test_urdu_is_read_whatever_the_header_claims(
    encoding: str, charset: str | None, meta: str
) -> None:
    html = page(body=f"<p>{URDU}</p><p>{URDU}</p>").decode().encode(encoding)
    if charset == "iso-8859-6":
        pytest.importorskip("encodings.iso8859_6")
        html = html.replace(b'charset="utf-8"', b'charset="iso-8859-6"')
    found = extract_page(html, URL, charset)
    assert "پاکستان" in found.text or charset == "iso-8859-6"


def test_windows_bytes_are_read_by_the_meta_element() -> None:
    story = (
        "<p>Die Regierung in München hat für Äcker und Öfen große Maßnahmen „beschlossen“. " * 4
    )
    html = page(body=story).decode().replace("utf-8", "iso-8859-1").encode("cp1252")
    assert (
        "München hat für Äcker und Öfen große Maßnahmen „beschlossen“"
        in extract_page(html, URL, None).text
    )


def test_controls_and_bidi_marks_do_not_come_through() -> None:
    body = STORY.replace("Officials", "Offi\u202ecials&#0;\x07")
    found = extract_page(page(body=body, title="A\u202eB\x00C", heading=""), URL, "utf-8")
    for text in (found.text, found.title or ""):
        assert not set(text) & {"\u202e", "\x00", "\x07"}


CONSENT = """<div><h1>Before you continue to Google</h1><p>We use cookies and data to deliver and
maintain services, track outages and protect against spam, and measure audience engagement.</p>
<p>If you choose to "Accept all", we will also use cookies and data to develop new services and
show personalised content and personalised ads, depending on your settings.</p><p>If you choose to
"Reject all", we will not use cookies for these additional purposes. Select "More options" to see
additional information, including managing your privacy settings.</p></div>"""
GDPR = """<div><h2>We value your privacy</h2><p>We and our 842 partners store and/or access
information on a device, such as cookies, and process personal data for personalised ads, ad and
content measurement and audience research.</p><p>You may click to consent, or withdraw your consent
at any time in our privacy policy. Some vendors rely on legitimate interest. Accept all or reject
all.</p></div>"""
GERMAN = """<div><h2>Willkommen</h2><p>Wir und unsere Partner verwenden Cookies für personalisierte
Anzeigen. Mit Ihrer Einwilligung verarbeiten wir Daten. Alle akzeptieren oder alle ablehnen. Mehr
dazu in unserer Datenschutzerklärung und in den Einstellungen zu Ihrer Privatsphäre.</p></div>"""
CLOUDFLARE = """<div id="cf-wrapper"><h1>dawn.example</h1><p>Checking if the site connection is
secure. dawn.example needs to review the security of your connection before proceeding. Enable
JavaScript and cookies to continue, please, and wait a few seconds until it is done.</p></div>"""
CAPTCHA = """<div><h1>Are you a robot?</h1><p>We've detected unusual activity from your computer
network. To continue, please click the box below to let us know you're not a robot.</p>
<div class="g-recaptcha"></div><p>Why did this happen? Please make sure your browser supports
JavaScript and cookies and that you are not blocking them from loading.</p></div>"""

DENIED = """<p>Access to this page has been denied because we believe you are using automation.</p>
<div id='px-captcha'>Press &amp; Hold to confirm you are a human (and not a bot).</div>"""


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (CONSENT, "Before you continue to Google"),
        (CONSENT, ""),
        (GDPR, "Dawn"),
        (GERMAN, "Süddeutsche"),
        (CLOUDFLARE, "Just a moment..."),
        (CLOUDFLARE, "dawn.example"),
        (CAPTCHA, "Bloomberg - Are you a robot?"),
        (CAPTCHA, "Are you a robot?"),
        (DENIED, "Access denied"),
    ],
)
def test_a_page_in_front_of_the_article_never_becomes_text(body: str, title: str) -> None:
    html = f"<html><head><title>{title}</title></head><body>{body}</body></html>".encode()
    with pytest.raises(ExtractError):
        extract_page(html, URL, "utf-8")


@pytest.mark.parametrize(
    "url",
    [
        "https://consent.google.com/m?continue=https://news.google.com/rss/articles/CBMi",
        "https://consent.yahoo.com/v2/collectConsent?sessionId=1",
        "https://guce.techcrunch.com/copyConsent",
        "https://www.dawn.example/cookie-consent?return=/x",
    ],
)
def test_a_consent_address_never_becomes_text(url: str) -> None:
    with pytest.raises(ExtractError, match="consent"):
        extract_page(page(), url, "utf-8")


def test_an_article_about_cookies_and_captchas_is_an_article() -> None:
    words = (
        "Regulators fined the company because its banner made it hard to reject all cookies. Its "
        "partners used personalised ads without consent, the privacy policy was unclear, and a "
        "captcha that asks users to verify you are human was shown to all who refused. "
    )
    story = "".join(
        f"<p>{words} Paragraph {n} of the long report adds more.</p>" for n in range(8)
    )
    found = extract_page(page(body=story, heading="<h1>Fine for cookie banner</h1>"), URL, None)
    assert "Paragraph 7" in found.text


@pytest.mark.parametrize(
    "html",
    [
        b"",
        b" ",
        b"\0" * 1000,
        b"<",
        b"<html></html>",
        b"<html><body><p>Hi</p></body></html>",
        b"%PDF-1.7 x",
        b"\xff\xfe",
        b"<html><body>" + b"<div>" * 5000,
        b"{}",
        b"<?xml version='1.0'?><rss/>",
    ],
)
def test_what_holds_no_article_is_said_to(html: bytes) -> None:
    with pytest.raises(ExtractError) as caught:
        extract_page(html, URL, None)
    assert str(caught.value).endswith(".")


def test_trafilatura_is_not_loaded_by_importing_the_room() -> None:
    code = "import sys, monitor.extract; sys.exit('trafilatura' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_extraction_works_in_a_child() -> None:
    from monitor.net.child import ChildPool

    pool = ChildPool(1, 10, 512 * 1024 * 1024, 300.0)
    try:
        found = await pool.run(extract_page, page(), URL, "utf-8")
        assert found.text.endswith(PARAGRAPHS[-1])
        with pytest.raises(ExtractError, match="consent"):
            await pool.run(extract_page, page(), "https://consent.google.com/m", "utf-8")
    finally:
        await pool.aclose()
