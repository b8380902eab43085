"""The organisation's own security policy as a framework: invented controls, each mapped to what it should stop."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from data.sources.framework_records import ControlRecord, FrameworkRecord, MappingRecord
from domain.attack_ids import DOMAINS
from domain.compliance import Decision, DecisionKind

SLUG = "own_security_policy"
# code, what it asks for, group, techniques it should stop
_CONTROLS = (
    ("ID-1", "Passwords cannot be guessed at speed", "Identity", "T1110 T1110.003 T1110.004"),
    ("ID-2", "Administrators sign in with a second factor", "Identity", "T1111 T1078.004 T1556.009"),
    ("ID-3", "Default and shared accounts are closed", "Identity", "T1078.001 T1078.003"),
    ("ID-4", "Credentials in memory are out of reach", "Identity", "T1003.001 T1003.006"),
    ("EP-1", "Scripts run signed, and are recorded", "Endpoints", "T1059.001 T1059.003 T1059.007"),
    ("EP-2", "Tools of the system run no foreign code", "Endpoints", "T1218 T1218.010 T1218.011"),
    ("EP-3", "New scheduled tasks are looked at", "Endpoints", "T1053.002 T1053.005"),
    ("EP-4", "Processes are guarded against injection", "Endpoints", "T1055.001 T1055.003 T1055.004"),
    ("NW-1", "Remote access goes through the gateway", "Network", "T1133 T1021.006"),
    ("NW-2", "Shares are open by need alone", "Network", "T1021.002 T1570"),
    ("NW-3", "What leaves the network is inspected", "Network", "T1041 T1048.003 T1071.004"),
    ("NW-4", "Removable media are closed", "Network", "T1025 T1052 T1052.001"),
    ("DA-1", "Cloud storage is shared on purpose", "Data", "T1530 T1537 T1567.002"),
    ("DA-2", "Backups survive an attack", "Data", "T1485 T1561.002"),
    ("DA-3", "Nothing leaves by radio", "Data", "T1011 T1011.001"),
    ("GO-1", "The policy is approved every year", "Governance", ""),
    ("GO-2", "Everybody is trained every year", "Governance", ""),
)


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided about a control, so many days ago."""

    code: str
    value: Decision
    days_ago: int


def record(known: Collection[str]) -> FrameworkRecord:
    """The policy, on a map with these technique ids."""
    controls, mappings = [], []
    for position, (code, name, group, techniques) in enumerate(_CONTROLS, 1):
        controls.append(
            ControlRecord(
                code=code, name=name, group_code=group, position=position, not_mappable=not techniques,
                note="" if techniques else "A matter of papers and people: there is nothing to attack.",
            )
        )  # fmt: skip
        mappings += [
            MappingRecord(control=code, technique=one, mapping_type="mitigates", position=position)
            for one in techniques.split()
            if one in known
        ]
    return FrameworkRecord(
        slug=SLUG,
        name="Security policy",
        version="2026",
        kind="controls",
        origin="own",
        domain=DOMAINS[0],
        attack_version="",
        published_on=None,
        details={"note": "Invented with the demo organisation."},
        controls=tuple(controls),
        mappings=tuple(mappings),
    )


def decisions(today: date) -> tuple[Decided, ...]:
    """One that holds, one that has expired, and a control that does not concern the organisation."""
    accepted, out = DecisionKind.RISK_ACCEPTED, DecisionKind.OUT_OF_SCOPE
    segments = "The old file servers go in spring; until then shares are watched by hand."
    return (
        Decided("NW-2", Decision(accepted, segments, today + timedelta(days=120)), 40),
        Decided(
            "DA-2", Decision(accepted, "The second backup site opens this autumn.", today - timedelta(days=20)), 200
        ),
        Decided("DA-3", Decision(out, "No machine of ours has a radio but its wireless network.", None), 90),
    )
