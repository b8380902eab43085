"""What makes a technique matter more here: the groups that are ours to fear, and priorities set by hand."""

from uuid import UUID

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from data.models.base import Base, Created, Key, one_of

PRIORITIES = ("high", "low")


class ThreatGroup(Base):
    """An ATT&CK group that somebody says threatens this organisation, and why."""

    __tablename__ = "threat_group"

    id: Mapped[Key]
    domain: Mapped[str]
    attack_id: Mapped[str]
    reason: Mapped[str]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]

    __table_args__ = (UniqueConstraint("domain", "attack_id"),)


class TechniquePriority(Base):
    """A technique that weighs more or less here than the threat alone says, and why. Without a row: as the threat."""

    __tablename__ = "technique_priority"

    id: Mapped[Key]
    domain: Mapped[str]
    attack_id: Mapped[str]
    priority: Mapped[str]
    reason: Mapped[str]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]

    __table_args__ = (one_of("priority", PRIORITIES), UniqueConstraint("domain", "attack_id"))
