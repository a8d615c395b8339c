"""SQLAlchemy's view of Django's tables, and sessions to the database at `$DATABASE_URL`."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from sqlalchemy import DateTime, event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(
    os.environ["DATABASE_URL"], pool_size=int(os.environ["DB_POOL_SIZE"]), max_overflow=0, pool_timeout=30
)
sessions = async_sessionmaker(engine, expire_on_commit=False)

if engine.dialect.name == "sqlite":

    @event.listens_for(engine.sync_engine, "connect")
    def prepare_connection(connection, _):
        """Say what the example's settings say to Django's connections."""
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()


class Base(DeclarativeBase):
    """What all tables have in common."""

    type_annotation_map = {datetime: DateTime(timezone=True)}


class User(Base):
    """Django's users, with every column, as Django reads them."""

    __tablename__ = "auth_user"

    id: Mapped[int] = mapped_column(primary_key=True)
    password: Mapped[str]
    last_login: Mapped[datetime | None]
    is_superuser: Mapped[bool]
    username: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]
    is_staff: Mapped[bool]
    is_active: Mapped[bool]
    date_joined: Mapped[datetime]


class Comment(Base):
    """The blog's comments."""

    __tablename__ = "blog_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int]
    name: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
