"""Files that show what happened in a test: who may add them, who may take them away, and what is known of each."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import AegisError, BadInput, InvalidTransition, PermissionDenied
from domain.file_kinds import BY_MEDIA_TYPE
from domain.roles import Permission, who_may
from domain.testing.entity import SecurityTest
from domain.testing.person import Person, Team
from domain.testing.words import state_words

MAX_BYTES = 100 * 1024 * 1024
PREVIEW_BYTES = 15 * 1024 * 1024
PER_TEST = 500
CAPTION_MAX = 300
REASON_MIN, REASON_MAX = 3, 500
# How long a link to a file opens it, in seconds.
LINK_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file, or what is left of one that was deleted. `size` in bytes, `sha256` in hex, moments in UTC."""

    id: UUID
    side: Team
    round: int
    name: str
    caption: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime
    deleted_at: datetime | None = None
    deleted_by: str | None = None
    deleted_reason: str | None = None

    @property
    def kind(self) -> str:
        """What it is, in words."""
        known = BY_MEDIA_TYPE.get(self.media_type)
        return known.word if known else self.media_type

    @property
    def previewed(self) -> bool:
        """Whether a picture of it is shown."""
        return self.deleted_at is None and self.media_type.startswith("image/") and self.size <= PREVIEW_BYTES

    def as_json(self) -> dict[str, Any]:
        """As programs and the browser's half of the panel read it."""
        plain = {name: str(value) if isinstance(value, UUID) else value for name, value in asdict(self).items()}
        moments = {name: value.isoformat() for name, value in plain.items() if isinstance(value, datetime)}
        return plain | moments | {"kind": self.kind, "previewed": self.previewed}


def refusal_to_add(test: SecurityTest, by: Person, side: Team) -> AegisError | None:
    """Why this person cannot add a file to this side of the test now; None when they can."""
    for permission in (Permission.ADD_EVIDENCE, side.works):
        if not by.may(permission):
            roles = who_may(permission)
            return PermissionDenied(f"{side.label}'s evidence is added by {roles}; your role is {by.role.label}.")
    if not test.state.unfinished:
        return InvalidTransition(f"This test is {state_words(test.state)}; its evidence is complete.")
    if test.current.verdict(side) is not None:
        return InvalidTransition(f"{side.label}'s side has been decided on; its evidence is complete.")
    return None


def refusal_to_delete(by: Person) -> AegisError | None:
    """Why this person cannot delete evidence; None when they can."""
    if by.may(Permission.MANAGE_EVIDENCE):
        return None
    roles = who_may(Permission.MANAGE_EVIDENCE)
    return PermissionDenied(f"Evidence is deleted by {roles}; your role is {by.role.label}.")


def checked_reason(text: str) -> str:
    reason = text.strip()
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        sentence = f"Say why it is deleted, in {REASON_MIN} to {REASON_MAX} characters."
        raise BadInput(sentence, errors={"reason": "length"})
    return reason


def checked_caption(text: str) -> str:
    caption = " ".join(text.split())
    if len(caption) > CAPTION_MAX:
        raise BadInput(f"A caption has at most {CAPTION_MAX} characters.", errors={"caption": "length"})
    return caption
