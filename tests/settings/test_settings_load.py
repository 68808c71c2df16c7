"""Loading monitor.yaml and the environment: every value settled, every defect named at once."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.model.delivery import ChannelKind, Schedule
from monitor.model.network import SmtpSecurity
from monitor.model.rule import Again, Tell
from monitor.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent.parent
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
WHOLE = """\
channels:
  mailbox:   {kind: file, path: data/mail, digest: {cron: "*/15 * * * *"}}
  desk:      {kind: email, to: [desk@example.org, "Ünal <ü@bücher.example>"],
              from: "Media Monitor <monitor@example.org>",
              digest: {cron: "0 8 * * mon-fri", zone: Asia/Karachi}}
  newsroom:  {kind: webhook, url: "${NEWSROOM_URL}", secret: "${NEWSROOM_SECRET}"}
smtp:    {host: localhost, port: 2525, security: none, username: me, password_file: mail.secret}
defaults: {tell: {mailbox: digest, newsroom: now}, again: every, backfill: 3d}
zone: Europe/Berlin
retention: {articles: 45d, attempts: 2w}
web: {host: 0.0.0.0, port: 8090, public_url: "https://monitor.example.org/"}
network: {proxy: "http://user:pr0xypass@proxy:3128", ca_file: null, allow_private: [10.0.0.0/8]}
database: {url: "postgres://u:dbpass@db/monitor"}
limits: {max_redirects: 3, feed_total_seconds: 12}
"""
ENVIRONMENT = {"NEWSROOM_URL": "https://example.org/hook?key=hidden", "NEWSROOM_SECRET": SECRET}


def load(
    folder: Path, text: str, environ: Mapping[str, str] | None = None, sources: str = ""
) -> Settings:
    (folder / "monitor.yaml").write_text(text, encoding="utf-8")
    (folder / "mail.secret").write_text("smtppass\n", encoding="utf-8")
    if sources:
        (folder / "sources.yaml").write_text(sources, encoding="utf-8")
    return load_settings(folder, environ or {})


def complaints(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environ)
    assert all(problem.code and problem.cure for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, WHOLE, ENVIRONMENT)
    mailbox, desk, newsroom = found.channels
    assert mailbox.kind is ChannelKind.FILE
    assert mailbox.path == str(tmp_path / "data" / "mail")
    assert mailbox.schedule == Schedule(cron="*/15 * * * *", zone="Europe/Berlin")
    assert desk.to == ("desk@example.org", "Ünal <ü@bücher.example>")
    assert desk.sender == "Media Monitor <monitor@example.org>"
    assert desk.schedule == Schedule(cron="0 8 * * mon-fri", zone="Asia/Karachi")
    assert newsroom.url == ENVIRONMENT["NEWSROOM_URL"]
    assert newsroom.secret == SECRET
    assert newsroom.schedule is None
    assert found.smtp is not None
    assert (found.smtp.port, found.smtp.security) == (2525, SmtpSecurity.NONE)
    assert (found.smtp.username, found.smtp.password) == ("me", "smtppass")
    assert found.defaults.tell == (("mailbox", Tell.DIGEST), ("newsroom", Tell.NOW))
    assert found.defaults.again is Again.EVERY
    assert found.defaults.backfill == timedelta(days=3)
    assert found.retention.articles == timedelta(days=45)
    assert found.retention.attempts == timedelta(days=14)
    assert (found.web.host, found.web.port, found.web.is_port_set) == ("0.0.0.0", 8090, True)
    assert found.web.public_url == "https://monitor.example.org"
    assert found.network.allow_private == ("10.0.0.0/8",)
    assert found.network.proxy == "http://user:pr0xypass@proxy:3128"
    assert found.database_url == "postgresql+psycopg://u:dbpass@db/monitor"
    assert (found.limits.max_redirects, found.limits.feed_total_seconds) == (3, 12.0)
    assert found.warnings == ()


def test_secrets_are_never_printed(tmp_path: Path) -> None:
    sources = (
        "sources:\n"
        "  a: {feeds: ['https://a.example/1'], login: {username: me, password: s3cret}}\n"
        "  b: {feeds: ['https://b.example/1'], token: t0ken}\n"
        "  c: {feeds: ['https://c.example/1'], headers: {X-Key: k3y}}\n"
    )
    found = load(tmp_path, WHOLE, ENVIRONMENT, sources)
    told = found.sources[0].headers, found.sources[1].headers, found.sources[2].headers
    basic = "Basic " + base64.b64encode(b"me:s3cret").decode()
    assert told[0] == (("Authorization", basic),)
    assert told[1] == (("Authorization", "Bearer t0ken"),)
    assert told[2] == (("X-Key", "k3y"),)
    hidden = (SECRET, "hidden", "smtppass", "dbpass", "pr0xypass", "s3cret", basic, "t0ken", "k3y")
    parts = [getattr(found, item.name) for item in dataclasses.fields(found)]
    parts = [part for part in parts if part is not found.database_url]
    for value in (found, *parts, *found.channels, *found.sources, found.smtp, found.network):
        for shown in (repr(value), str(value) if not isinstance(value, str) else ""):
            assert not [secret for secret in hidden if secret in shown]


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        (
            "channels: {n: {kind: webhook, url: 'https://u:h1dden@x.example/', secret: 'h1dden'}}",
            {},
        ),
        ("database: {url: 'mysql://u:h1dden@x/y'}", {}),
        ("network: {proxy: 'socks://u:h1dden@x'}", {}),
        ("web: {public_url: 'https://u:h1dden@x.example'}", {}),
        ("{}", {"MONITOR_DATABASE_URL": "oracle://u:h1dden@x"}),
        ("{}", {"MONITOR_PUBLIC_URL": "https://u:h1dden@x.example"}),
        (
            "channels: {n: {kind: webhook, url: '${U}', secret: '${S}'}}",
            {"U": "h1dden", "S": "h1dden"},
        ),
    ],
)
def test_a_complaint_does_not_show_the_secret(
    tmp_path: Path, text: str, environ: dict[str, str]
) -> None:
    assert "h1dden" not in "\n".join(complaints(tmp_path, text, environ))


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, "")
    assert found.data_dir == tmp_path / "data"
    assert found.database_url == f"sqlite:///{tmp_path / 'data' / 'monitor.db'}"
    assert (found.web.host, found.web.port, found.web.is_port_set) == ("127.0.0.1", 8080, False)
    assert found.zone == "UTC"
    assert found.sources == ()
    assert [warning.code for warning in found.warnings] == ["settings-no-channel"]


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    environ = {
        **ENVIRONMENT,
        "MONITOR_DATA": str(tmp_path / "elsewhere"),
        "MONITOR_DATABASE_URL": "postgresql://e@other/db",
        "MONITOR_HOST": "::1",
        "MONITOR_PORT": "9999",
        "MONITOR_PUBLIC_URL": "https://other.example",
    }
    found = load(tmp_path, WHOLE, environ)
    assert found.data_dir == tmp_path / "elsewhere"
    assert found.channels[0].path == str(tmp_path / "elsewhere" / "mail")
    assert found.database_url == "postgresql+psycopg://e@other/db"
    assert (found.web.host, found.web.port) == ("::1", 9999)
    assert found.web.public_url == "https://other.example"


def test_a_port_of_the_environment_counts_as_set(tmp_path: Path) -> None:
    assert load(tmp_path, "", {"MONITOR_PORT": "8080"}).web.is_port_set


def test_a_relative_sqlite_path_lies_in_the_data_folder(tmp_path: Path) -> None:
    found = load(tmp_path, "database: {url: 'sqlite:///data/x.db'}", {"MONITOR_DATA": "/var/m"})
    assert found.database_url == "sqlite:////var/m/x.db"


def test_a_missing_file_is_one_problem_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert len(caught.value.problems) == 1
    assert "monitor init" in str(caught.value)


def test_an_unset_variable_is_told_with_line_column_and_cure(tmp_path: Path) -> None:
    text = (
        'channels:\n  n: {kind: webhook, url: "https://x.example/${NEWS_KEY}", secret_file: s}\n'
    )
    (tmp_path / "s").write_text(SECRET)
    told = complaints(tmp_path, text)
    assert told[0].startswith("monitor.yaml:2:46: the environment variable NEWS_KEY is not set;")


def test_all_problems_of_all_places_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("sources: {a: {tier: x}}\n")
    told = complaints(tmp_path, "zone: Mars\nport: 1\n", {"MONITOR_PORT": "x"})
    files = [line.split(":")[0] for line in told]
    assert files == ["monitor.yaml", "monitor.yaml", "sources.yaml", "environment"]


CHANNEL = "channels:\n  c: {{kind: {}}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CHANNEL.format("fax"), "2:13: 'fax' is no kind; it is one of: file, email, webhook"),
        (CHANNEL.format("emial"), "2:13: 'emial' is no kind; did you mean 'email'?"),
        (CHANNEL.format("file"), "2:6: channel 'c' has no path; add `path: data/mail`"),
        (
            CHANNEL.format("file, path: x, pth: y"),
            "unknown key 'pth' in channel 'c'; did you mean",
        ),
        (CHANNEL.format("file, path: x, secret: y"), "'secret' belongs to a channel of kind web"),
        (
            CHANNEL.format("file, path: x, digest: {cron: 0 8 * *}"),
            "'cron' is not valid: '0 8 * *'",
        ),
        (CHANNEL.format("file, path: x, digest: {cron: '0 0 31 2 *'}"), "'cron' is not valid"),
        (CHANNEL.format("file, path: x, digest: {cron: '@daily'}"), "'cron' is not valid"),
        (CHANNEL.format("file, path: x, digest: {zone: UTC}"), "the digest has no cron line"),
        (CHANNEL.format("file, path: x, zone: Mars/Base"), "'zone' is not valid: 'Mars/Base'"),
        (CHANNEL.format("file, path: x, zone: America"), "'zone' is not valid: 'America'"),
        (CHANNEL.format("file, path: x, zone: ../../etc"), "'zone' is not valid"),
        (CHANNEL.format("email, to: a@b.example, from: c@d.example"), "there is no smtp section"),
        (CHANNEL.format("email, to: [a b@c.example], from: x@y.example"), "no email address"),
        (CHANNEL.format("email, to: nobody, from: x@y.example"), "2:24: this is no email address"),
        (
            CHANNEL.format('email, to: "a@b.example\\r\\nBcc: c@d", from: x@y.z'),
            "no email address",
        ),
        (CHANNEL.format('email, to: a@b.example, from: "x\\n <x@y.z>"'), "'from' is not valid"),
        (
            CHANNEL.format("email, to: [a@b.example, A@b.example], from: x@y.z"),
            "stands here twice",
        ),
        (
            CHANNEL.format("webhook, url: 'ftp://x', secret_file: s"),
            "the url of channel 'c' is not",
        ),
        (CHANNEL.format("webhook, url: 'https://x.example', secret: abc"), "openssl|whsec_"),
        (CHANNEL.format("webhook, url: 'https://x.example'"), "channel 'c' has no secret"),
        ("channels: {'my box': {kind: file, path: x}}", "'my box' cannot name a channel"),
        ("smtp: {port: 25}", "smtp has no host"),
        (
            "smtp: {host: x, port: 70000}",
            "'port' is not such a number; write a whole number from 1",
        ),
        ("smtp: {host: x, security: ssl}", "'ssl' is no security"),
        ("smtp: {host: x, return_path: me}", "'me' is no return_path"),
        ("smtp: {host: x, username: u, password: a, password_file: b}", "exclude each other"),
        ("smtp: {host: x, username: u, password_file: none}", "No such file"),
        ("defaults: {tell: {mailbox: now}}", "unknown channel 'mailbox'"),
        ("defaults: {again: allways}", "'allways' is no again"),
        ("defaults: {backfill: 7 days}", "write a number and a unit, such as 30m, 12h or 7d"),
        (
            "retention: {articles: 44d}",
            "less than 45 days; write at least 45d (a story is open for 14, a digest may be",
        ),
        ("retention: {attempts: 1h}", "less than a day"),
        ("retention: {deliveries: 1h}", "less than a day"),
        ("web: {port: http}", "'port' is not such a number"),
        ("web: {host: 'a b'}", "'host' is not valid"),
        ("network: {allow_private: [10.0.0.0/99]}", "'10.0.0.0/99' is no network"),
        ("network: {ca_file: none.pem}", "there is no file"),
        ("network: [x]", "'network' must be a mapping"),
        ("limits: {max_redirect: 1}", "did you mean 'max_redirects'?"),
        ("database: {url: 'sqlite://'}", "not one that can be used"),
        ("chanels: {}", "unknown key 'chanels' in monitor.yaml; did you mean 'channels'?"),
        ("- a\n", "this is no configuration"),
        ("a: [", "never|not closed|not YAML"),
    ],
)
def test_a_defect_is_told_with_its_cure(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "s").write_text(SECRET)
    told = "\n".join(complaints(tmp_path, text))
    assert any(part in told for part in said.split("|")), told
    assert told.startswith("monitor.yaml:")


@pytest.mark.parametrize("name", ["MONITOR_PORT", "MONITOR_HOST", "MONITOR_PUBLIC_URL"])
def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    assert name in complaints(tmp_path, "{}", {name: "not / valid"})[0]


def test_a_default_digest_needs_a_schedule(tmp_path: Path) -> None:
    text = "channels: {a: {kind: file, path: x}}\ndefaults: {tell: {a: digest}}\n"
    assert "channel 'a' has no digest schedule" in complaints(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        (
            "*/15 * * * 9",
            "'*/15 * * * 9'; the weekday '9' is none: write 0-7 or sun-sat, or *",
        ),
        ("61 * * * *", "the minute '61' is none: write 0-59, or *"),
        ("0 8 * * mon-fry", "the weekday 'mon-fry' is none: write 0-7"),
        ("0 8 31 2 *", "its fields are sound, but there is no such day"),
        ("0 8 * *", "'cron' is not valid: '0 8 * *'; write five fields"),
        ("0 0 8 * * mon", "'cron' is not valid: '0 0 8 * * mon'; write five fields"),
    ],
)
def test_a_cron_line_is_told_which_field_is_wrong(tmp_path: Path, cron: str, said: str) -> None:
    digest = f'channels: {{a: {{kind: file, path: x, digest: {{cron: "{cron}"}}}}}}\n'
    assert said in complaints(tmp_path, digest)[0]


def test_the_shipped_workspace_loads_without_a_problem_or_a_warning() -> None:
    found = load_settings(ROOT, {})
    assert found.warnings == ()
    assert found.sources
    assert found.defaults.tell


def test_the_commented_channels_of_the_shipped_file_work(tmp_path: Path) -> None:
    lines = (ROOT / "monitor.yaml").read_text(encoding="utf-8").splitlines()
    starts = ("  # desk:", "  # newsroom:", "# smtp:", "# web:")
    text: list[str] = []
    is_open = False
    for line in lines:
        body = line.lstrip()
        is_open = line.startswith(starts) or (is_open and body.startswith("#   "))
        text.append(line.replace("# ", "", 1) if is_open else line)
    (tmp_path / "smtp.password").write_text("x")
    found = load(tmp_path, "\n".join(text) + "\n", ENVIRONMENT)
    assert [channel.name for channel in found.channels] == ["mailbox", "desk", "newsroom"]
    assert found.smtp is not None


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text() | st.text(alphabet="kind: filepathemail\n{}[]'\"${}A@.0*"), st.data())
def test_no_text_raises_anything_but_a_list_of_problems(
    tmp_path: Path, text: str, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(["", "channels: {a: ", "smtp: ", "web: {port: ", "zone: "]))
    closing = "}" * key.count("{")
    (tmp_path / "monitor.yaml").write_bytes(f"{key}{text}{closing}".encode("utf-8", "replace"))
    (tmp_path / "sources.yaml").write_bytes(text.encode("utf-8", "replace"))
    try:
        load_settings(tmp_path, {"A": text.replace("\0", "")})
    except ConfigError as error:
        problems = error.problems
    else:
        return
    assert problems
