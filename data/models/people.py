"""People and their sessions on this instance."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.models.base import Base, Created, Key, Moment, one_of
from domain.roles import Role


class User(Base):
    __tablename__ = "user_account"

    id: Mapped[Key]
    username: Mapped[str]
    display_name: Mapped[str]
    email: Mapped[str | None]
    password_hash: Mapped[str | None]  # None: cannot sign in (people of the demo organisation)
    role: Mapped[str]
    team: Mapped[str] = mapped_column(server_default=text("''"))  # of the organisation, not a side of a test; '' none
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    disabled_at: Mapped[Moment | None]
    time_zone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    password_changed_at: Mapped[Moment | None]
    last_signed_in_at: Mapped[Moment | None]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]

    __table_args__ = (
        one_of("role", Role),
        Index("uq_user_account_username", func.lower(text("username")), unique=True),
    )


class UserSession(Base):
    """A signed-in browser. Only the SHA-256 of its token is kept, so that a stolen table opens no session."""

    __tablename__ = "user_session"

    id: Mapped[Key]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Created]
    last_seen_at: Mapped[Created]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[datetime | None]
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]

    user: Mapped[User] = relationship(lazy="raise")
