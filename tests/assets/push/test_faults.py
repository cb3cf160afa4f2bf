"""What a store's refusal is told as: one sentence with a remedy, never the answer itself."""

import pytest

from lightship.assets.push.faults import store_fault
from lightship.errors import NetworkError, StorageError, UsageError

ANSWER = """Generic S3 error: Error performing PUT http://h/b/x?X-Amz-Signature=SIGNED in 7ms{tried} - Server returned \
non-2xx status code: {status} Forbidden: <?xml version="1.0"?><Error><Code>{code}</Code><Message>m</Message>\
<AWSAccessKeyId>AKIDSECRET</AWSAccessKeyId><StringToSign>SECRET</StringToSign></Error>

Debug source: ..."""


@pytest.mark.parametrize(
    ("code", "status", "sentence", "hint"),
    [
        ("NoSuchBucket", 404, "there is no such bucket", "create it"),
        ("InvalidAccessKeyId", 403, "the access key is not known", "look at AWS_ACCESS_KEY_ID and"),
        ("SignatureDoesNotMatch", 403, "the secret key does not fit", "AWS_SECRET_ACCESS_KEY"),
        ("ExpiredToken", 400, "token has expired", "log in again"),
        ("RequestTimeTooSkewed", 403, "clock differs", "timedatectl"),
        ("AccessDenied", 403, "access is denied", "s3:PutObject"),
        ("PermanentRedirect", 301, "another region", "--region"),
        ("SlowDown", 503, "too many requests", "--jobs"),
        ("SomethingElse", 403, "status 403, SomethingElse", "wrong credentials"),
        ("InternalError", 500, "status 500, InternalError", "goes on from there"),
    ],
)
def test_a_code_is_a_sentence(code: str, status: int, sentence: str, hint: str) -> None:
    fault = store_fault(ANSWER.format(code=code, status=status, tried=", after 3 retries"), "s3://bucket")
    assert isinstance(fault, NetworkError)
    assert str(fault).startswith("s3://bucket: ")
    assert sentence in str(fault)
    assert "(4 attempts)" in str(fault)
    assert hint in (fault.hint or "")
    assert not any(word in f"{fault} {fault.hint}" for word in ("SIGNED", "AKIDSECRET", "StringToSign", "\n"))


def test_a_clock_is_told_by_its_sentence_too() -> None:
    answer = ANSWER.format(code="AccessDenied", status=400, tried="")
    skewed = "The difference between the request time and the server&#39;s time exceeds the maximum allowed."
    fault = store_fault(answer.replace("<Message>m<", f"<Message>{skewed}<"), "s3://bucket")
    assert "clock differs" in str(fault)
    assert "timedatectl" in (fault.hint or "")


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ("Error performing PUT http://169.254.169.254/latest/api/token", NetworkError, "there are no credentials"),
        ("HTTP error: error sending request kind: Connect ConnectionRefused", NetworkError, "cannot be reached"),
        ("HTTP error: error sending request kind: ConnectionReset", NetworkError, "the connection to the store broke"),
        ("error sending request ... dns error: failed to lookup address", NetworkError, "name is not known"),
        ("error sending request ... invalid peer certificate: UnknownIssuer", NetworkError, "certificate"),
        ("error sending request ... operation timed out", NetworkError, "did not answer in time"),
        ("HTTP error: error sending request, retry_timeout: 5s", NetworkError, "the connection to the store broke"),
        ("Generic MicrosoftAzure error: Account must be specified", UsageError, "not told"),
        ("Unable to open file /x: Permission denied (os error 13)", StorageError, "Permission denied"),
        ("No space left on device (os error 28)", StorageError, "No space left on device"),
        ("something nobody has thought of", NetworkError, "the store failed"),
    ],
)
def test_what_has_no_status(text: str, kind: type[Exception], sentence: str) -> None:
    fault = store_fault(text, "store")
    assert type(fault) is kind
    assert sentence in str(fault)


LIST = (
    "Generic S3 error: Error performing GET http://u:SECRET@store.example:9000/bucket?sig=SIGNED in 5ms - HTTP error: "
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind: Connect, "tcp connect error", Os { kind: ConnectionRefused, message: "Connection refused" }',
         "the store at http://store.example:9000 cannot be reached: the connection was refused"),
        ('kind: Connect, "dns error", failed to lookup address information',
         "the store at http://store.example:9000 cannot be reached: its name is not known"),
        ('kind: Connect, "tcp connect error", Os { code: 113, message: "No route to host" }',
         "the store at http://store.example:9000 cannot be reached: no route to host"),
        ("kind: Connect, InvalidData, error: InvalidCertificate(UnknownIssuer)",
         "the certificate of the store at http://store.example:9000 is not trusted: its issuer is not known"),
        ("kind: Connect, InvalidCertificate(NotValidForNameContext { .. })",
         "the certificate of the store at http://store.example:9000 is not trusted: it is another host's"),
        ("kind: Connect, InvalidMessage(InvalidContentType)",
         "the store at http://store.example:9000 does not speak TLS"),
        ("error sending request kind: Timeout, TimedOut",
         "the store at http://store.example:9000 did not answer in time"),
        ("error sending request kind: Request, IncompleteMessage",
         "the connection to the store at http://store.example:9000 broke"),
    ],
)  # fmt: skip
def test_where_it_was_and_why_are_told_and_nothing_else_of_the_address(text: str, said: str) -> None:
    fault = store_fault(LIST + text, "s3://bucket")
    assert str(fault) == f"s3://bucket: {said}"
    assert not any(word in f"{fault} {fault.hint}" for word in ("SECRET", "SIGNED"))


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("s3://b", "AWS_ACCESS_KEY_ID"),
        ("az://c/p", "AZURE_STORAGE_ACCOUNT_KEY"),
        ("gs://b", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("oss://b", "OSS_ACCESS_KEY_SECRET"),
        ("cos://b", "COS_SECRET_ID"),
        ("r2://b", "R2_SECRET_ACCESS_KEY"),
    ],
)
def test_each_stores_variables_are_named(name: str, variable: str) -> None:
    missing = store_fault("Error performing PUT http://169.254.169.254/latest/api/token", name)
    assert str(missing) == f"{name}: there are no credentials"
    assert (missing.hint or "").startswith("set ")
    refused = store_fault(ANSWER.format(code="Unheard", status=403, tried=""), name)
    assert "wrong credentials" in (refused.hint or "")
    assert variable in (missing.hint or "")
    assert variable in (refused.hint or "")
