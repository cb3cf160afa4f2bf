"""A page counter with a health route: Flask behind gunicorn, its lock a requirements.txt with hashes."""

import magic
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/health")
def health() -> object:
    """Says what libmagic makes of a picture: the library is loaded by name, no wheel has it."""
    return jsonify(status="ok", kind=magic.from_buffer(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", mime=True))
