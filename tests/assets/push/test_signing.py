"""Signatures: AWS's as botocore makes them, Aliyun's as its documentation does."""

import datetime

import pytest

from lightship.assets.push.credentials import Keys
from lightship.assets.push.signing import aliyun_signature, sigv4_headers

NOW = datetime.datetime(2026, 11, 24, 12, 34, 56, tzinfo=datetime.UTC)


@pytest.mark.parametrize("token", [None, "a-session/token=="])
@pytest.mark.parametrize(
    "url", ["https://cloudfront.amazonaws.com/2020-05-31/x", "http://127.0.0.1:8080/a/b", "https://h"]
)
def test_sigv4_is_botocores(url: str, token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore import auth  # type: ignore[import-untyped]  # moto brings it
    from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
    from botocore.credentials import Credentials  # type: ignore[import-untyped]

    keys = Keys(key_id="AKIDEXAMPLE", secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token=token)
    body, headers = b"<x>\xc3\xbc</x>", {"Content-Type": "application/xml"}
    made = sigv4_headers("POST", url, body, headers, keys, region="us-east-1", service="cloudfront", now=NOW)
    monkeypatch.setattr(auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None))
    request = AWSRequest(method="POST", url=url, data=body, headers=headers)
    auth.SigV4Auth(Credentials(keys.key_id, keys.secret, token), "cloudfront", "us-east-1").add_auth(request)
    assert made["authorization"] == request.headers["Authorization"]
    assert made["x-amz-date"] == request.headers["X-Amz-Date"] == "20261124T123456Z"
    assert made.get("x-amz-security-token") == token


def test_aliyuns_signature_is_the_documented_one() -> None:
    """The example of https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism."""
    parameters = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    assert aliyun_signature("GET", parameters, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    assert aliyun_signature("POST", parameters, "testsecret") != "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    assert aliyun_signature("GET", {"ObjectPath": "a b*~\n"}, "s") == aliyun_signature(
        "GET", {"ObjectPath": "a b*~\n"}, "s"
    )
