"""Sign webhooks as Standard Webhooks 1.0.0 asks (symmetric, `v1`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Give the three headers that prove who sent `body` and when.

    `secret` is base64 with or without `whsec_`; ValueError if it is not, or is empty. `at` is the
    attempt's moment: a receiver refuses what is older than five minutes, so it is never reused.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    if not key:
        raise ValueError("the secret is empty")
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
