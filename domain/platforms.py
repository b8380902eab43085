"""Names of platforms: ATT&CK's, and those of foreign content in ATT&CK's words.

Source of the names: ATT&CK 18.1, `x_mitre_platforms`. ATT&CK 16 put Azure AD under Identity Provider, and Office 365
and Google Workspace under Office Suite; content that still says the old name means the new one.
"""

from collections.abc import Iterable

PLATFORMS = (
    "Windows",
    "Linux",
    "macOS",
    "Containers",
    "IaaS",
    "Identity Provider",
    "Office Suite",
    "SaaS",
    "ESXi",
    "Network Devices",
    "PRE",
    "Android",
    "iOS",
)

_FOREIGN = {
    "windows": "Windows",
    "linux": "Linux",
    "macos": "macOS",
    "darwin": "macOS",
    "containers": "Containers",
    "azure-ad": "Identity Provider",
    "entra-id": "Identity Provider",
    "office-365": "Office Suite",
    "google-workspace": "Office Suite",
    "saas": "SaaS",
    "esxi": "ESXi",
}


def in_attack_words(name: str) -> str:
    """`darwin` as `macOS`, `iaas:aws` as `IaaS`; a name without a known place stays as it is."""
    wanted = name.strip().lower()
    if wanted == "iaas" or wanted.startswith("iaas:"):
        return "IaaS"
    known = {platform.lower(): platform for platform in PLATFORMS}
    return _FOREIGN.get(wanted) or known.get(wanted) or name.strip()


def all_in_attack_words(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the order given: three clouds are one `IaaS`."""
    return tuple(dict.fromkeys(map(in_attack_words, names)))
