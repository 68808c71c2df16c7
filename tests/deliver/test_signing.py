"""Promises of the signature."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from services.owed import SECRET
from standardwebhooks import Webhook

from monitor.deliver.signing import signed_headers

VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_AT = datetime.fromtimestamp(1_614_265_330, UTC)
VECTOR_BODY = b'{"test": 2432232314}'


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_the_published_vector_holds_to_the_byte(secret: str) -> None:
    assert signed_headers(secret, VECTOR_ID, VECTOR_AT, VECTOR_BODY) == {
        "webhook-id": VECTOR_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("size", [24, 32, 64])
def test_secrets_of_every_permitted_length_agree_with_the_reference(size: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(size))).decode()
    ours = signed_headers(secret, "dl-1", VECTOR_AT, VECTOR_BODY)["webhook-signature"]
    assert ours == Webhook(secret).sign("dl-1", VECTOR_AT, VECTOR_BODY.decode())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "whsec_abc", "whsec_ü"])
def test_an_unusable_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError):
        signed_headers(secret, "dl-1", VECTOR_AT, VECTOR_BODY)
