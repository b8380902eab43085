"""The truth of a detection rule: what tests have shown of the claim it makes.

- *proven*: in a validated, applicable test an observation of the latest round alerted and names this rule;
- *no data*: the logs it reads are declared as not collected here, so that it cannot fire;
- *silent*: a technique it claims was tested on a platform it covers, the test is validated, and it did not fire;
- *untested*: none of that; nobody knows.

The first that holds, in this order, is its truth. A rule that fired once is proven, however often it was silent; how
often is said beside it. Disabled rules have a truth too: it says what enabling them would bring.
"""

from collections.abc import Mapping
from enum import StrEnum


class RuleTruth(StrEnum):
    PROVEN = "proven"
    SILENT = "silent"
    UNTESTED = "untested"
    NO_DATA = "no_data"

    @property
    def label(self) -> str:
        return {
            RuleTruth.PROVEN: "Proven",
            RuleTruth.SILENT: "Silent",
            RuleTruth.UNTESTED: "Never tested",
            RuleTruth.NO_DATA: "No data",
        }[self]

    @property
    def meaning(self) -> str:
        return {
            RuleTruth.PROVEN: "alerted in a validated test",
            RuleTruth.SILENT: "its technique was tested where it applies, and it did not fire",
            RuleTruth.UNTESTED: "no validated test of its technique where it applies",
            RuleTruth.NO_DATA: "the logs it reads are not collected",
        }[self]


def truth_of(*, fired: int, tested: bool, collected: bool | None) -> RuleTruth:
    """`fired`: validated tests in which it alerted; `tested`: of a claimed technique on a covered platform.

    `collected`: what was declared of its logs, None where nobody said.
    """
    if fired:
        return RuleTruth.PROVEN
    if collected is False:
        return RuleTruth.NO_DATA
    return RuleTruth.SILENT if tested else RuleTruth.UNTESTED


# What rules call a product -> the platforms of ATT&CK that have it. A product that is not here (a proxy, a scanner, a
# firewall) sees attacks on any platform.
PRODUCT_PLATFORMS: Mapping[str, tuple[str, ...]] = {
    "windows": ("Windows",),
    "linux": ("Linux",),
    "macos": ("macOS",),
    "aws": ("IaaS",),
    "gcp": ("IaaS",),
    "azure": ("IaaS", "Identity Provider"),
    "m365": ("Office Suite", "Identity Provider"),
    "o365": ("Office Suite", "Identity Provider"),
    "google_workspace": ("Office Suite", "Identity Provider"),
    "gworkspace": ("Office Suite", "Identity Provider"),
    "okta": ("Identity Provider",),
    "onelogin": ("Identity Provider",),
    "github": ("SaaS",),
    "bitbucket": ("SaaS",),
    "kubernetes": ("Containers",),
}


def platforms_of(product: str) -> tuple[str, ...] | None:
    """The platforms that a rule's product ("windows", "linux, macos") covers; None: any."""
    named = [name.strip() for name in product.split(",") if name.strip()]
    if not named or any(name not in PRODUCT_PLATFORMS for name in named):
        return None
    return tuple(dict.fromkeys(platform for name in named for platform in PRODUCT_PLATFORMS[name]))
