"""Try a rule on the cases of its `tests:`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.match.engine import judge
from monitor.match.explain import explain
from monitor.match.tree import LoadedRule, RuleTest
from monitor.model.article import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """Say how a case went; `reason` is one line: what was found, or what was missing."""

    __test__ = False  # pytest would collect it by its name

    test: RuleTest
    passed: bool
    reason: str


def run_tests(
    loaded: LoadedRule, seeds: Mapping[str, Sequence[Article]]
) -> tuple[TestResult, ...]:
    """Judge each case in order; `seeds` are the articles of seed files by path ("seeds/a.txt").

    A case without metadata of its own is judged on `match` and `exclude` alone. A seed file of
    several articles passes if each of them does.
    """
    return tuple(_run(loaded, test, seeds) for test in loaded.tests)


def _run(loaded: LoadedRule, test: RuleTest, seeds: Mapping[str, Sequence[Article]]) -> TestResult:
    articles = (test.article,) if test.article else seeds.get(test.seed, ())
    if not articles:
        return TestResult(test=test, passed=False, reason=f"{test.seed} could not be read")
    results = [_tried(loaded, test, article) for article in articles]
    failed = next((at for at, result in enumerate(results) if not result.passed), None)
    if failed is None or len(results) == 1:
        return results[0]
    reason = f"{articles[failed].title!r}: {results[failed].reason}"
    return TestResult(test=test, passed=False, reason=reason)


def _tried(loaded: LoadedRule, test: RuleTest, article: Article) -> TestResult:
    match = judge(loaded, article, with_only=test.judges_only)
    if match is None:
        why = explain(loaded, article, with_only=test.judges_only)
        reason = "; ".join(why.reasons) or "it does not match"
    else:
        reason = "; ".join(map(str, match.findings)) or "it matches"
    return TestResult(test=test, passed=(match is not None) == test.expects_match, reason=reason)
