"""The people and the defence tools of the made-up organisation."""

from dataclasses import dataclass
from uuid import UUID

from domain.roles import Role


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    username: str
    name: str
    role: Role
    team: str


@dataclass(frozen=True, slots=True)
class Tool:
    """`platforms` it sees (empty: all), `tactics` it sees (empty: all); `keen` is how well it detects, in log odds.

    `delay` stretches its time to detect; `prevents` whether it can stop anything.
    """

    id: UUID
    slug: str
    name: str
    kind: str
    platforms: frozenset[str] = frozenset()
    tactics: frozenset[str] = frozenset()
    keen: float = 0.0
    delay: float = 1.0
    prevents: bool = False

    def watches(self, tactics: tuple[str, ...], platform: str) -> bool:
        return (not self.platforms or platform in self.platforms) and (
            not self.tactics or not self.tactics.isdisjoint(tactics)
        )


_RED, _LISBON, _TORONTO = "Red team", "SOC Lisbon", "SOC Toronto"
# The first six are the demo organisation; a larger one hires down the list.
STAFF: tuple[tuple[str, str, Role, str], ...] = (
    ("demo_okafor", "Chidi Okafor", Role.RED_TECH, _RED),
    ("demo_lindgren", "Elsa Lindgren", Role.RED_TECH, _RED),
    ("demo_tanaka", "Haruto Tanaka", Role.BLUE_TECH, _LISBON),
    ("demo_silva", "Beatriz Silva", Role.BLUE_TECH, _TORONTO),
    ("demo_haddad", "Leila Haddad", Role.RED_LEAD, _RED),
    ("demo_kowalski", "Marek Kowalski", Role.BLUE_LEAD, _LISBON),
    ("demo_nguyen", "Minh Nguyen", Role.RED_TECH, _RED),
    ("demo_mwangi", "Wanjiru Mwangi", Role.BLUE_TECH, _LISBON),
    ("demo_rossi", "Giulia Rossi", Role.RED_TECH, _RED),
    ("demo_sharma", "Arjun Sharma", Role.BLUE_TECH, _LISBON),
    ("demo_dubois", "Camille Dubois", Role.RED_LEAD, _RED),
    ("demo_yilmaz", "Deniz Yilmaz", Role.BLUE_LEAD, _TORONTO),
    ("demo_garcia", "Mateo Garcia", Role.RED_TECH, _RED),
    ("demo_kim", "Jisoo Kim", Role.BLUE_TECH, _LISBON),
    ("demo_petrov", "Ivana Petrova", Role.BLUE_TECH, _TORONTO),
    ("demo_nielsen", "Sofie Nielsen", Role.RED_TECH, _RED),
    ("demo_abebe", "Selam Abebe", Role.BLUE_TECH, ""),
    ("demo_fraser", "Callum Fraser", Role.BLUE_TECH, _TORONTO),
)

_HOSTS = frozenset({"Windows", "Linux", "macOS"})
_CLOUD = frozenset(
    {"IaaS", "SaaS", "Office Suite", "Identity Provider", "Office 365", "Azure AD", "Google Workspace", "Containers"}
)

# slug, name, kind, platforms, tactics, keen, delay, prevents
TOOLS: tuple[tuple[str, str, str, frozenset[str], frozenset[str], float, float, bool], ...] = (
    ("demo-edr", "Endpoint detection (EDR)", "edr", _HOSTS, frozenset(), 0.5, 0.6, True),
    ("demo-siem", "SIEM", "siem", frozenset(), frozenset(), 0.0, 1.7, False),
    (
        "demo-mail", "Mail gateway", "mail", _HOSTS | _CLOUD,
        frozenset({"initial-access"}), 0.2, 0.4, True,
    ),
    (
        "demo-proxy", "Web proxy", "web", _HOSTS,
        frozenset({"command-and-control", "exfiltration", "initial-access"}), -0.2, 1.2, True,
    ),
    (
        "demo-identity", "Identity and cloud monitoring", "identity", _CLOUD,
        frozenset(), 0.3, 1.0, True,
    ),
    (
        "demo-network", "Network sensor", "network", frozenset(),
        frozenset({
            "lateral-movement", "discovery", "command-and-control", "exfiltration", "inhibit-response-function",
            "impair-process-control", "network-effects",
        }), -0.5, 1.4, False,
    ),
)  # fmt: skip
