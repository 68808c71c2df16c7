"""Render the user's templates in a sandbox, and the plain built-in ones if those fail."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import FunctionLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.errors import RenderError
from monitor.render import words
from monitor.render.view import Page

SUFFIX = ".j2"
MAX_REASON_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Be both parts of a mail; `fallback_reason` is "" unless a user's template failed."""

    html: str
    text: str
    fallback_reason: str = ""


class Templates:
    """Hold the templates that mails are made of.

    `user` maps a name ("digest.html.j2") to its source; names it lacks come from the built-in
    set. Templates see one name, `page` (`monitor.render.view.Page`), can import each other by
    name, and reach nothing else: no file, no attribute that starts with an underscore, no change
    of a value. HTML is escaped, text is not. Run hostile ones where they can be killed: a sandbox
    does not bound time or memory.
    """

    def __init__(
        self, user: Mapping[str, str] | None = None, *, builtin: Mapping[str, str] | None = None
    ) -> None:
        plain = dict(builtin_sources() if builtin is None else builtin)
        self._plain = _environment(plain)
        self._user = _environment({**plain, **user}) if user else self._plain

    def render(
        self, name: str, draw: Callable[[Callable[[Page], Rendered]], Rendered]
    ) -> Rendered:
        """Draw a message of that name ("digest", "alert"), by the plain templates if need be.

        `draw` gets a function from a page to both parts and may call it with smaller pages; if it
        raises `RenderError` for the user's templates, it is called again for the plain ones.
        """
        if self._user is self._plain:
            return draw(lambda page: _both(self._plain, name, page))
        try:
            return draw(lambda page: _both(self._user, name, page))
        except RenderError as error:
            plain = draw(lambda page: _both(self._plain, name, page))
            return Rendered(html=plain.html, text=plain.text, fallback_reason=str(error))


def builtin_sources() -> dict[str, str]:
    """Read the plain templates of this package: name to source."""
    folder = files(__package__) / "builtin"
    return {
        entry.name: entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(SUFFIX)
    }


def _environment(sources: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (sources[name], name, lambda: True) if name in sources else None

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load),
        autoescape=lambda name: name is None or not name.endswith(".txt" + SUFFIX),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrap"] = words.wrap
    environment.filters["counted"] = words.count
    return environment


def _both(environment: ImmutableSandboxedEnvironment, name: str, page: Page) -> Rendered:
    return Rendered(
        html=_one(environment, f"{name}.html{SUFFIX}", page),
        text=_one(environment, f"{name}.txt{SUFFIX}", page),
    )


def _one(environment: ImmutableSandboxedEnvironment, name: str, page: Page) -> str:
    try:
        return environment.get_template(name).render(page=page)
    except TemplateNotFound as error:
        raise RenderError(name, f"there is no template named {error.name}") from error
    except TemplateSyntaxError as error:
        place = error.name or name
        raise RenderError(place, f"line {error.lineno}: {error.message}") from error
    except Exception as error:  # a user's template may raise anything at all
        raise RenderError(*_place(error, name)) from error


def _place(error: Exception, name: str) -> tuple[str, str]:
    """Find the template and line that failed: Jinja puts templates into the traceback."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(SUFFIX)
    ]
    what = words.shorten(str(error) or type(error).__name__, MAX_REASON_CHARS)
    if not frames:
        return name, what
    return frames[-1].filename, f"line {frames[-1].lineno}: {what}"
