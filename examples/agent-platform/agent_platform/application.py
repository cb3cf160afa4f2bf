"""The Flask application: its parts put together, its documents indexed before it answers."""

from flask import Flask
from flask_compress import Compress
from flask_cors import CORS

from agent_platform import telemetry
from agent_platform.database import Document, db, migrate
from agent_platform.parsing import PARSERS, parse
from agent_platform.retrieval import Retriever
from agent_platform.routes import routes
from agent_platform.settings import settings


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["RESTX_MASK_SWAGGER"] = False
    db.init_app(app)
    migrate.init_app(app, db)
    CORS(app)
    Compress(app)
    telemetry.instrument(app)
    app.register_blueprint(routes)
    app.extensions["retriever"] = _index(app)
    return app


def _index(app: Flask) -> Retriever:
    retriever = Retriever()
    with app.app_context():
        db.create_all()
        texts: dict[str, str] = {}
        for path in sorted(settings.documents.iterdir()):
            if path.suffix not in PARSERS:
                continue
            text, language = parse(path)
            texts[path.name] = text
            if db.session.query(Document).filter_by(name=path.name).first() is None:
                db.session.add(Document(name=path.name, text=text, language=language))
        db.session.commit()
    retriever.index(texts)
    return retriever
