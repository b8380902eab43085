"""The files of one side of a test: shown, added and deleted in one node; its other half is `assets/evidence.js`.

The browser's half sends files to `POST /api/tests/<number>/evidence` itself, with progress, and shows what the server
answers; no callback is asked.
"""

from collections.abc import Sequence

from domain.evidence import CAPTION_MAX, MAX_BYTES, REASON_MAX, Evidence
from domain.testing.person import Team
from pages.components.parts import Part


class EvidencePanel(Part):
    """Use `panel()`."""

    _names = ("number", "side", "items", "mayAdd", "mayDelete", "whyNot", "limits", "touches")


def panel(
    test_number: int,
    side: Team,
    items: Sequence[Evidence],
    *,
    may_add: bool,
    may_delete: bool,
    why_not: str = "",
    limit: int = MAX_BYTES,
    touches: str | None = None,
) -> EvidencePanel:
    """`items` may be those of both sides; `why_not` says in a sentence why this person cannot add one now.

    `limit` is the largest file in bytes. The store `touches`, if named, changes when a file has come or gone.
    """
    return EvidencePanel(
        id=f"evidence-{side}",
        number=test_number,
        side=str(side),
        items=[item.as_json() for item in items if item.side is side],
        mayAdd=may_add,
        mayDelete=may_delete,
        whyNot=why_not or None,
        limits={"bytes": limit, "caption": CAPTION_MAX, "reason": REASON_MAX},
        touches=touches,
    )
