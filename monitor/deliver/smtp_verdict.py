"""Decide what a mail server's refusal means."""

from __future__ import annotations

import re
from enum import StrEnum

from monitor.deliver.answers import clean_answer, one_line
from monitor.model.delivery import Outcome, Result


class Stage(StrEnum):
    """Name the points of an SMTP dialogue, as reasons name them."""

    CONNECT = "connecting"
    EHLO = "greeting"
    STARTTLS = "STARTTLS"
    AUTH = "logging in"
    MAIL = "the sender"
    RCPT = "the recipient"
    DATA = "the message"
    BODY = "waiting for the answer to the message"


# Before MAIL the server refuses us, not this message: it is kept, and the channel waits.
_BEFORE_MAIL = frozenset({Stage.CONNECT, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})
_LOGIN_CODES = frozenset({530, 534, 535, 538})  # RFC 4954, section 6
_LOGIN_CURE = "check smtp.username, smtp.password and smtp.security in monitor.yaml"
_ADDRESS_CODES = frozenset({501, 550, 553, 554})  # of those to MAIL, on the address itself
_RETURN_CURE = (
    "if it takes no plus addresses, set smtp.return_path to empty or sender in monitor.yaml; "
    "then `monitor deliveries resend`"
)
_POLICY_CURE = (
    "this is the mail server's policy and for its operator to solve (login, relaying or "
    "reputation), not the recipient's; then `monitor deliveries resend`"
)


def judge_refusal(stage: Stage, code: int, said: str) -> Outcome:
    """Turn a reply that is not the wanted one into an outcome.

    4xx is tried again; 421 and 4.7.x make the whole channel wait. 5xx from the sender on is
    final, except a missing or refused login, which says nothing of the message.
    """
    if code in _LOGIN_CODES or stage is Stage.AUTH:
        return _refusal(Result.RETRY, stage, code, said, cure=_LOGIN_CURE, slows_channel=True)
    if stage in _BEFORE_MAIL:
        return _refusal(Result.RETRY, stage, code, said, slows_channel=True)
    if 500 <= code <= 599:
        cure = _POLICY_CURE if _enhanced(said).startswith("5.7.") else ""
        if stage is Stage.MAIL and code in _ADDRESS_CODES:
            cure = _RETURN_CURE
        return _refusal(Result.DEAD, stage, code, said, cure=cure)
    slows = code == 421 or _enhanced(said).startswith("4.7.")
    return _refusal(Result.RETRY, stage, code, said, slows_channel=slows)


def accepted(said: str) -> Outcome:
    """Report that the server took the message."""
    reason = f"The mail server accepted it (250 {one_line(said)})."
    return Outcome(result=Result.SENT, reason=reason, code=250, answer=clean_answer(said))


def broken(stage: Stage, why: str) -> Outcome:
    """Report a connection that failed; once the body went out the server may have taken it."""
    may_have_it = stage is Stage.BODY
    doubt = " The server may have taken it all the same." if may_have_it else ""
    return Outcome(
        result=Result.RETRY,
        reason=f"The connection to the mail server failed at {stage}: {one_line(why)}.{doubt}",
        slows_channel=stage in _BEFORE_MAIL,
        is_possible_duplicate=may_have_it,
    )


def _refusal(
    result: Result,
    stage: Stage,
    code: int,
    said: str,
    *,
    cure: str = "",
    slows_channel: bool = False,
) -> Outcome:
    reason = f"The mail server refused at {stage}: {code} {one_line(said)}"
    return Outcome(
        result=result,
        reason=f"{reason}; {cure}." if cure else reason,
        code=code if 200 <= code <= 599 else None,
        answer=clean_answer(said),
        slows_channel=slows_channel,
    )


def _enhanced(said: str) -> str:
    """Give the enhanced status code of RFC 3463 that begins the reply, "" if there is none."""
    found = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", said)
    return found.group() if found else ""
