"""How long people worked on a test. Not how long the attack took: pausing never touches the times of the attack."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; it never runs backwards."""

    started: datetime
    ended: datetime

    def __post_init__(self) -> None:
        if self.ended < self.started:
            raise ValueError(f"A span of time ends before it starts: {self.started} to {self.ended}.")

    @property
    def seconds(self) -> int:
        """Whole seconds, rounded down."""
        return int((self.ended - self.started).total_seconds())
