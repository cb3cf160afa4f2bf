import pytest

from lightship.errors import InputError
from lightship.launch.requests import HttpRequest, parse_requests

FILE = """\
# variables come first
@host = http://127.0.0.1:5001
@api = {{host}}/v1

### health
GET {{host}}/health HTTP/1.1

###
// no title: named by what it asks
{{api}}/items?q=a

### store
# @name store an item
# expect 201
# expect-body "id": 7
POST /v1/items
Content-Type: application/json
# a comment among the headers
X-Token: {{ host }}

{
  "name": "x"
}

###
# a block without a request is no request
"""


def test_a_file_is_read() -> None:
    assert parse_requests(FILE, base="http://127.0.0.1:5001/health") == (
        HttpRequest(name="health", url="http://127.0.0.1:5001/health"),
        HttpRequest(name="GET /v1/items", url="http://127.0.0.1:5001/v1/items?q=a"),
        HttpRequest(
            name="store an item",
            method="POST",
            url="http://127.0.0.1:5001/v1/items",
            headers=(("Content-Type", "application/json"), ("X-Token", "http://127.0.0.1:5001")),
            body=b'{\n  "name": "x"\n}',
            status=201,
            contains='"id": 7',
        ),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no request found"),
        ("### only a title\n", "no request found"),
        ("GET ftp://host/x", "line 1: want an http URL"),
        ("GET /health", "line 1: want an http URL"),
        ("\nGET http://a/ b c", "line 2: want METHOD URL"),
        ("GET", "line 1: want METHOD URL"),
        ("GET http://a/\nnot a header", "line 2: want NAME: VALUE"),
        ("GET http://a/\nA\x01B: x", "line 2: want NAME: VALUE"),
        ("GET {{host}}/x", "line 1: the variable host is not set"),
        ("# expect good\nGET http://a/", "want # expect STATUS, got 'good'"),
    ],
)
def test_what_is_not_understood_has_its_line(text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint.replace("{", r"\{")):
        parse_requests(text)
