"""The routes. Each one needs something of the image that is easily lost when it is made small."""

import codecs
import importlib.metadata
import importlib.util
import io
import ssl
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import crcmod.predefined
import pandas as pd
import tiktoken
from flask import Blueprint, Response, current_app, jsonify, render_template, request, send_file
from odf.opendocument import OpenDocumentText
from odf.text import P

from agent_platform import telemetry
from agent_platform.database import Document, db
from agent_platform.remote import check_health
from agent_platform.tasks import summarise

routes = Blueprint("routes", __name__)


@routes.get("/health")
def health() -> Response:
    """The database answers."""
    return jsonify(status="ok", documents=db.session.query(Document).count())


@routes.get("/search")
def search() -> Response:
    """The documents nearest to ``q``."""
    return jsonify(results=current_app.extensions["retriever"].search(request.args["q"]))


@routes.get("/documents")
def documents() -> Response:
    rows = db.session.query(Document).order_by(Document.name)
    return jsonify([{"name": row.name, "language": row.language, "characters": len(row.text)} for row in rows])


@routes.get("/report.xlsx")
def spreadsheet() -> Response:
    """A spreadsheet made by pandas, read back before it is sent."""
    rows = [(row.name, len(row.text)) for row in db.session.query(Document).order_by(Document.name)]
    buffer = io.BytesIO()
    pd.DataFrame(rows, columns=["name", "characters"]).to_excel(buffer, index=False, engine="xlsxwriter")
    buffer.seek(0)
    pd.read_excel(buffer, engine="openpyxl")
    buffer.seek(0)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(buffer, mimetype=kind, download_name="report.xlsx")


@routes.get("/page")
def page() -> str:
    return render_template("page.html", rows=db.session.query(Document).order_by(Document.name).all())


@routes.get("/tls")
def tls() -> Response:
    """How many authorities a default TLS context trusts: 0 means that the CA bundle is gone."""
    context = ssl.create_default_context()
    return jsonify(authorities=len(context.get_ca_certs()), openssl=ssl.OPENSSL_VERSION)


@routes.get("/time")
def time_zones() -> Response:
    moment = datetime(2026, 7, 1, 12, tzinfo=UTC)
    names = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York")
    return jsonify({name: moment.astimezone(ZoneInfo(name)).isoformat() for name in names})


@routes.get("/text")
def text() -> Response:
    """A text through an encoding that few images are tested with."""
    raw = "轻舟已过万重山".encode("gb18030")
    return jsonify(hex=raw.hex(), text=raw.decode("gb18030"), codec=codecs.lookup("gb18030").name)


@routes.post("/summary")
def summary() -> Response:
    return jsonify(summarise.delay(request.get_json()["text"]).get())


@routes.get("/checksum")
def checksum() -> Response:
    """A C extension that was built from its sdist."""
    value = crcmod.predefined.mkCrcFun("crc-32c")(b"123456789")
    return jsonify(crc32c=f"{value:08x}", native=importlib.util.find_spec("crcmod._crcfunext") is not None)


@routes.get("/letter.odt")
def letter() -> Response:
    document = OpenDocumentText()
    document.text.addElement(P(text="Dear reader"))
    buffer = io.BytesIO()
    document.write(buffer)
    buffer.seek(0)
    return send_file(buffer, mimetype="application/vnd.oasis.opendocument.text", download_name="letter.odt")


@routes.get("/grpc")
def grpc_health() -> Response:
    """A gRPC server and its client, over loopback."""
    return jsonify(status=check_health())


@routes.get("/about")
def about() -> Response:
    installed = {dist.name.lower() for dist in importlib.metadata.distributions()}
    return jsonify(
        python=sys.version.split()[0],
        distributions=len(installed),
        encodings=tiktoken.list_encoding_names(),
        spans=len(telemetry.spans.get_finished_spans()),
    )
