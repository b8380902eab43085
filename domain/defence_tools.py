"""What prevents or detects, as tests speak of it: a name, a kind, and whether it is still in use."""

import re
from enum import StrEnum

from domain.errors import BadInput

NAME_MAX = 60


class ToolKind(StrEnum):
    EDR = "edr"
    SIEM = "siem"
    NETWORK = "network"
    MAIL = "mail"
    IDENTITY = "identity"
    CLOUD = "cloud"
    WEB = "web"
    DLP = "dlp"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            ToolKind.EDR: "Endpoint (EDR)",
            ToolKind.SIEM: "SIEM",
            ToolKind.NETWORK: "Network",
            ToolKind.MAIL: "Mail gateway",
            ToolKind.IDENTITY: "Identity",
            ToolKind.CLOUD: "Cloud",
            ToolKind.WEB: "Web gateway",
            ToolKind.DLP: "Data loss prevention",
            ToolKind.OTHER: "Other",
        }[self]


def check_name(name: str) -> str:
    """The name as it is kept; raises BadInput."""
    tidied = " ".join(name.split())
    if not tidied:
        raise BadInput("Give the tool a name.", errors={"name": "required"})
    if len(tidied) > NAME_MAX:
        raise BadInput(f"A tool's name has at most {NAME_MAX} characters.", errors={"name": "too long"})
    return tidied


def slug_of(name: str) -> str:
    """What a tool is called in addresses; tools whose slugs are equal are the same tool."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "tool"
