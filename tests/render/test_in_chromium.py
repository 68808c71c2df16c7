"""Promise of the page: a browser shows each title exactly as it was written (E8)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import lxml.html
import pytest
from render.values import article, digest, entry, rule

from monitor.model.keys import DeliveryKey
from monitor.render.email import render_digest_mail
from monitor.render.templates import Templates

TITLES = (
    "<script>document.title='x'</script>",
    "a < b && c > d",
    "&lt;b&gt; &amp;amp;",
    "say \"x\" or 'y'",
    "{{7*7}} {% raw %}",
    "'\"><img src=x onerror=document.write(1)>",
    "</bdi></a><h1>out",
    "کراچی میں (Meta) کا دفتر",
)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--dump-dom",
)


@pytest.mark.chromium
def test_a_browser_shows_titles_as_they_were_written(templates: Templates, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed")
    content = digest(
        *(entry(article(f"{title} {n}"), rules=(rule(title),)) for n, title in enumerate(TITLES))
    )
    message = render_digest_mail(
        content,
        to="desk@example.org",
        sender="monitor@example.org",
        message_id=DeliveryKey("dl-1"),
        public_url=None,
        templates=templates,
    )
    page = tmp_path / "page.html"
    page.write_text(message.html, "utf-8")
    command = [browser, *ARGUMENTS, f"--user-data-dir={tmp_path}/profile", page.as_uri()]
    dumped = subprocess.run(command, capture_output=True, timeout=300, check=True).stdout
    shown = lxml.html.fromstring(dumped.decode("utf-8"))
    texts = {node.text_content() for node in shown.iter("bdi")}
    assert texts >= {f"{title} {n}" for n, title in enumerate(TITLES)}
    assert not shown.xpath("//script | //img")
