"""Read the file formats of seeds into drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes, policy
from typing import Any

import yaml
from lxml import etree, html

from monitor.normalise.seed_draft import Draft, UnreadableError, read_when, text_of

Read = tuple[list[Draft], list[UnreadableError]]

_MAX_ARTICLES = 5_000
_DATE_PREFIX = re.compile(r"\s*date\s+(\d{4}-\d{2}-\d{2})(?:\s+|\Z)", re.IGNORECASE)
_FRONT_MATTER = re.compile(
    r"\ufeff?\s*---[ \t]*\r?\n(.{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
_MD_TITLE = re.compile(r"\s{0,100}#[ \t]+(.{1,500}?)[ \t#]*(?:\n|\Z)")
_MD_RULES = (
    (re.compile(r"!\[[^\]\n]{0,500}\]\([^()\n]{0,2000}\)"), ""),  # pictures
    (re.compile(r"\[([^\]\n]{1,500})\]\([^()\n]{0,2000}\)"), r"\1"),  # links keep their words
    (re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]{0,3}>[ \t]?", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__)(?=\S)([^\n]{1,1000}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^\n*]{1,1000}?)(?<=\S)\*(?![\w*])"), r"\1"),
)
_DATE_METAS = ("article:published_time", "datePublished", "date", "pubdate", "dc.date")
_TITLE_METAS = ("og:title", "twitter:title")


def read_txt(data: bytes) -> Read:
    """Read `date YYYY-MM-DD `, then the text."""
    text = text_of(data)
    found = _DATE_PREFIX.match(text)
    when, precision = read_when(found[1] if found else None)
    rest = text[found.end() :] if found and when else text
    return [Draft(text=rest, published_at=when, precision=precision)], []


def read_md(data: bytes) -> Read:
    """Read Markdown with YAML front matter, both optional in their parts."""
    text = text_of(data).replace("\r\n", "\n")
    found = _FRONT_MATTER.match(text)
    fields = _front_matter(found[1]) if found else {}
    body = text[found.end() :] if found else text
    heading = _MD_TITLE.match(body)
    if heading and not fields.get("title"):
        fields, body = {**fields, "title": _without_marks(heading[1])}, body[heading.end() :]
    return [_draft({**fields, "text": _without_marks(body)})], []


def _front_matter(text: str) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UnreadableError(
            "its front matter is not valid YAML", "write `name: value` lines between the `---`",
            (mark.line if mark else 0) + 2,
        ) from error  # fmt: skip
    return {str(key): value for key, value in fields.items()} if isinstance(fields, dict) else {}


def _without_marks(text: str) -> str:
    for pattern, replacement in _MD_RULES:
        text = pattern.sub(replacement, text)
    return text


def read_html(data: bytes) -> Read:
    """Read a saved page: title, date, and the text of `<article>`, `<main>` or `<body>`."""
    parser = html.HTMLParser(encoding=_page_encoding(data), no_network=True, huge_tree=False)
    try:
        root = html.document_fromstring(data, parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise UnreadableError("it holds no page", "save the page again as HTML") from error
    for unwanted in root.xpath("//script|//style|//noscript|//template|//nav|//form"):
        unwanted.drop_tree()
    metas = _metas(root)
    title = next((metas[name] for name in _TITLE_METAS if metas.get(name)), "")
    title = title or _words(root, "//h1") or _words(root, "//title")
    stated = next((metas[name] for name in _DATE_METAS if metas.get(name)), None)
    when, precision = read_when(stated or next(iter(root.xpath("//time/@datetime")), None))
    draft = Draft(
        text=_page_text(root), title=etree_escaped(title), is_markup=True, published_at=when,
        precision=precision, url=_canonical(root, metas), author=metas.get("author", ""),
        lang=root.get("lang") or "", source=metas.get("og:site_name", ""),
    )  # fmt: skip
    return [draft], []


def etree_escaped(text: str) -> str:
    """Escape plain text, so that it may stand for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _page_encoding(data: bytes) -> str | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None  # as the page declares
    return "utf-8"


def _metas(root: Any) -> dict[str, str]:
    return {
        name: content.strip()
        for meta in root.xpath("//meta[@content]")
        for name in (meta.get("property") or meta.get("name") or meta.get("itemprop"),)
        if name and (content := meta.get("content"))
    }


def _words(root: Any, path: str) -> str:
    found = next(iter(root.xpath(path)), None)
    return "" if found is None else " ".join(found.text_content().split())


def _page_text(root: Any) -> str:
    found = root.xpath("//article") or root.xpath("//main") or root.xpath("//body") or [root]
    chosen = max(found, key=lambda one: len(one.text_content()))
    for heading in chosen.xpath(".//h1"):  # the title: its phrases would count twice
        heading.drop_tree()
    return str(html.tostring(chosen, encoding="unicode", with_tail=False))


def _canonical(root: Any, metas: Mapping[str, str]) -> str:
    stated = next(iter(root.xpath("//link[@rel='canonical']/@href")), "")
    return str(stated or metas.get("og:url", ""))


def read_json(data: bytes) -> Read:
    """Read one article, a list of them, or an object with `articles` or `items`."""
    document = _loaded(text_of(data), 0)
    if isinstance(document, dict):
        listed = document.get("articles") or document.get("items")
        document = listed if isinstance(listed, list) else [document]
    if not isinstance(document, list):
        raise UnreadableError("it holds no article", "write an object with title, text and date")
    return _drafts(((0, one) for one in document), is_single=len(document) == 1)


def read_jsonl(data: bytes) -> Read:
    """Read one JSON object a line; lines that cannot be read are told, the rest goes on."""
    lines = [(n, line) for n, line in enumerate(text_of(data).split("\n"), 1) if line.strip()]
    records: list[tuple[int, Any]] = []
    complaints: list[UnreadableError] = []
    for number, line in lines[:_MAX_ARTICLES]:
        try:
            records.append((number, _loaded(line, number)))
        except UnreadableError as error:
            complaints.append(error)
    drafts, more = _drafts(iter(records), is_single=len(lines) == 1)
    return drafts, complaints + more


def _loaded(text: str, line: int) -> Any:
    try:
        return json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        place = line or error.lineno
        raise UnreadableError(f"it is broken JSON ({error.msg})", "correct it", place) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError("it is JSON that nests too deep", "correct it", line) from error


def _drafts(records: Iterator[tuple[int, Any]], *, is_single: bool) -> Read:
    drafts: list[Draft] = []
    complaints: list[UnreadableError] = []
    for number, (line, record) in enumerate(records, 1):
        if not isinstance(record, dict):
            cure = "write an object with title, text and date"
            complaints.append(UnreadableError(f"article {number} is no object", cure, line))
        elif len(drafts) < _MAX_ARTICLES:
            name = _string(record, "id", "guid", "url", "link") or str(number)
            drafts.append(_draft(record, "" if is_single else f"#{name}"))
    return drafts, complaints


def _string(record: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value):
            return str(value)
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            return str(value["name"])
    return ""


def _draft(record: Mapping[str, Any], part: str = "") -> Draft:
    stated = next(
        (record[name] for name in ("date", "published_at", "date_published", "published")
         if record.get(name)), None,
    )  # fmt: skip
    when, precision = read_when(stated)
    markup = _string(record, "content_html", "html")
    tags = record.get("tags") or record.get("labels") or ()
    title = _string(record, "title", "headline")
    return Draft(
        text=markup or _string(record, "text", "body", "content_text", "content", "summary"),
        title=etree_escaped(title) if markup else title, is_markup=bool(markup),
        published_at=when, precision=precision, url=_string(record, "url", "link"),
        author=_string(record, "author", "byline"), lang=_string(record, "lang", "language"),
        source=_string(record, "source", "publisher"), part=part,
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
    )  # fmt: skip


def read_eml(data: bytes) -> Read:
    """Read a saved mail: subject, date, sender, and its plain text, else its HTML."""
    message = message_from_bytes(data, policy=policy.default)
    if not (message["subject"] or message["date"]):
        raise UnreadableError("it is no mail: it has no headers", "save the mail as .eml again")
    part = message.get_body(preferencelist=("plain", "html"))
    when, precision = read_when(str(message["date"] or ""))
    is_markup = part is not None and part.get_content_type() == "text/html"
    title = str(message["subject"] or "")
    draft = Draft(
        text=str(part.get_content()) if part is not None else "",
        title=etree_escaped(title) if is_markup else title,
        is_markup=is_markup,
        published_at=when,
        precision=precision,
        author=str(message["from"] or ""),
    )
    return [draft], []


READERS: dict[str, Callable[[bytes], Read]] = {
    ".txt": read_txt,
    ".md": read_md,
    ".html": read_html,
    ".htm": read_html,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".eml": read_eml,
}
"""Read each format by the ending of its file's name."""
