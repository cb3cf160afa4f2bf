"""Documents as rows: SQLAlchemy over PostgreSQL (psycopg2) or, without a server, SQLite."""

from datetime import UTC, datetime

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


class Document(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    text: Mapped[str]
    language: Mapped[str]
    indexed_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
