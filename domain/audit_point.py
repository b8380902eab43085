"""A point of the audit log to be kept elsewhere: so many entries, and the hash of the last of them.

The log that holds it still has every entry up to it, unchanged: each hash is made of all before it.
"""

import re
from dataclasses import dataclass

from domain.errors import BadInput

_WRITTEN = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Point:
    """`head` in hex; of an empty log it is what the first entry is chained to."""

    entries: int
    head: str

    @classmethod
    def read(cls, text: str) -> "Point":
        """From COUNT:HASH as it is written. Raises BadInput."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise BadInput("A point of the log reads COUNT:HASH, as `aegis audit head` prints it.")
        return cls(int(found[1]), found[2].lower())

    def __str__(self) -> str:
        return f"{self.entries}:{self.head}"
