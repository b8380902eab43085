"""Times that were taken from a file of the evidence: which file says so is kept beside the time.

That the time does stand in the file is the word of whoever took it, like everything else they submit.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.errors import BadInput

if TYPE_CHECKING:
    from domain.testing.telling import Doing

# Name of the time -> {"evidence": id of the file, "name": what it was called}, as it is stored.
Taken = Mapping[str, Mapping[str, str]]


def taken(doing: "Doing", action: Any, said: Any = None) -> dict[str, Mapping[str, str]]:
    """Where the times of `action` come from; of `said`, which it replaces, what is still the same time stays.

    Raises BadInput for a time that was not given and for a file that is not among those of the test.
    """
    kept = {
        name: source
        for name, source in (said.taken_from if said is not None else {}).items()
        if getattr(action, name, None) == getattr(said, name)
    }
    wanted: Mapping[str, UUID] = action.taken_from
    for name, file in wanted.items():
        if not isinstance(getattr(action, name, None), datetime):
            raise BadInput("Only a time that is given comes from a file.", errors={"taken_from": "no such time"})
        if file not in doing.files:
            raise BadInput(
                "The file a time was taken from is not among the evidence of this test.",
                errors={"taken_from": "no such file"},
            )
        kept[name] = {"evidence": str(file), "name": doing.files[file]}
    return kept


def told(sources: Taken) -> dict[str, Any]:
    """For the details of an event: which time came from which file, by name; nothing where none did."""
    named = {name: source["name"] for name, source in sources.items()}
    return {"taken_from": named} if named else {}
