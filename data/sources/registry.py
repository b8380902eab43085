"""Every source Aegis syncs from. A further one is a parser module and an entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from data.sources import atomic, attack_stix, baseline, caldera, d3fend, elastic, lolbas, mappings, own_rules, sigma
from data.sources.attack_records import AttackBundle
from data.sources.base import MEBIBYTE, Asked, Input, Limits, SourceInfo
from data.sources.countermeasure_records import CountermeasureSet
from data.sources.framework_records import FrameworkSet
from data.sources.rule_records import RuleSet
from data.sources.template_records import TemplateSet
from domain.errors import NotFound
from domain.roles import Permission

Content = AttackBundle | RuleSet | TemplateSet | FrameworkSet | CountermeasureSet


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """Data that comes with an installed package, for a start without network: its files, and who reads them."""

    package: str
    files: tuple[str, ...]
    origin: str
    parse: Callable[[Input, Asked], Content]


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source: what people see of it, which files it takes within which limits, and its parser."""

    info: SourceInfo
    limits: Limits
    takes: str
    wanted: Callable[[str], bool]
    parse: Callable[[Input, Asked], Content]
    revision: int  # raised whenever the parser reads the same file differently
    built_in: BuiltIn | None = None
    permission: Permission = Permission.RUN_SYNC  # to upload a file of it


def _json(path: str) -> bool:
    return path.lower().endswith(".json")


_ATTACK_SENT = 100 * MEBIBYTE
_SIGMA_SENT = 100 * MEBIBYTE
_STIX_DATA = "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master"

_ATTACK = SourceEntry(
    info=SourceInfo(
        slug="attack",
        name="MITRE ATT&CK",
        what="The map: tactics, techniques, groups, software, mitigations and how to detect them",
        licence="ATT&CK terms of use",
        licence_url="https://attack.mitre.org/resources/legal-and-branding/terms-of-use/",
        attribution="© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of "
        "The MITRE Corporation.",
        home_url="https://attack.mitre.org",
        default_url=f"{_STIX_DATA}/enterprise-attack/enterprise-attack.json",
        default_interval=timedelta(days=7),
        accepts=(".json", ".json.gz", ".zip"),
        max_bytes=_ATTACK_SENT,
        # where each domain is published, by its name
        extra={
            "enterprise-attack": f"{_STIX_DATA}/enterprise-attack/enterprise-attack.json",
            "mobile-attack": f"{_STIX_DATA}/mobile-attack/mobile-attack.json",
            "ics-attack": f"{_STIX_DATA}/ics-attack/ics-attack.json",
        },
    ),
    # Enterprise 18.1 is 46 MB of JSON
    limits=Limits(sent=_ATTACK_SENT, unpacked=150 * MEBIBYTE, document=150 * MEBIBYTE, documents=1),
    takes="one STIX bundle (.json, also as .gz or .zip)",
    wanted=_json,
    parse=attack_stix.parse,
    revision=attack_stix.REVISION,
    built_in=BuiltIn(
        package=baseline.PACKAGE,
        files=baseline.FILES,
        origin=f"built-in ATT&CK {baseline.VERSION}",
        parse=baseline.parse,
    ),
)
_SIGMA = SourceEntry(
    info=SourceInfo(
        slug="sigma",
        name="Sigma rules",
        what="Detection rules of SigmaHQ, or your own in the same format",
        licence="Detection Rule License 1.1",
        licence_url="https://github.com/SigmaHQ/Detection-Rule-License",
        attribution="Rules by their authors, named with each rule, under the Detection Rule License 1.1.",
        home_url="https://github.com/SigmaHQ/sigma",
        default_url="https://github.com/SigmaHQ/sigma/archive/refs/heads/master.zip",
        default_interval=timedelta(days=1),
        accepts=(".zip", ".yml", ".yaml"),
        max_bytes=_SIGMA_SENT,
    ),
    # all rules are 6 MB, the largest 300 KB
    limits=Limits(sent=_SIGMA_SENT, unpacked=200 * MEBIBYTE, document=MEBIBYTE, documents=250_000),
    takes="YAML files (.yml, .yaml), also a directory or a .zip of them",
    wanted=sigma.wanted,
    parse=sigma.parse,
    revision=sigma.REVISION,
)

_ELASTIC = SourceEntry(
    info=SourceInfo(
        slug="elastic",
        name="Elastic rules",
        what="Detection rules of Elastic, or others in the same format",
        licence="Elastic License 2.0",
        licence_url="https://www.elastic.co/licensing/elastic-license",
        attribution="Rules by their authors, named with each rule, under the Elastic License 2.0: they may not be "
        "offered to third parties as a hosted or managed service.",
        home_url="https://github.com/elastic/detection-rules",
        default_url="https://github.com/elastic/detection-rules/archive/refs/heads/main.zip",
        default_interval=timedelta(days=1),
        accepts=(".zip", ".toml"),
        max_bytes=_SIGMA_SENT,
    ),
    # all rules are 16 MB, the largest 54 KB
    limits=Limits(sent=_SIGMA_SENT, unpacked=200 * MEBIBYTE, document=MEBIBYTE, documents=250_000),
    takes="TOML files (.toml), also a directory or a .zip of them",
    wanted=elastic.wanted,
    parse=elastic.parse,
    revision=elastic.REVISION,
)
_OWN_SENT = 20 * MEBIBYTE
_OWN_RULES = SourceEntry(
    info=SourceInfo(
        slug=own_rules.SLUG,
        name="Our own rules",
        what="Detection rules that this organisation wrote, as Sigma or Elastic files",
        licence="our own",
        licence_url="",
        attribution="",
        home_url="",
        default_url=None,
        default_interval=timedelta(days=1),
        accepts=(".zip", ".yml", ".yaml", ".toml"),
        max_bytes=_OWN_SENT,
    ),
    limits=Limits(sent=_OWN_SENT, unpacked=100 * MEBIBYTE, document=MEBIBYTE, documents=20_000),
    takes="Sigma or Elastic files (.yml, .yaml, .toml), also a directory or a .zip of them",
    wanted=own_rules.wanted,
    parse=own_rules.parse,
    revision=own_rules.REVISION,
    permission=Permission.MANAGE_RULES,
)

_TEMPLATES_SENT = 100 * MEBIBYTE
_YAML = "YAML files (.yml, .yaml), also a directory or a .zip of them"
# all atomics are 5 MB, the largest file 94 KB
_TEMPLATES = Limits(sent=_TEMPLATES_SENT, unpacked=200 * MEBIBYTE, document=2 * MEBIBYTE, documents=50_000)

_ATOMIC = SourceEntry(
    info=SourceInfo(
        slug="atomic",
        name="Atomic Red Team",
        what="Test templates: small attacks for one technique each, with their commands and cleanup",
        licence="MIT",
        licence_url="https://github.com/redcanaryco/atomic-red-team/blob/master/LICENSE.txt",
        attribution="Copyright (c) 2018 Red Canary, Inc.",
        home_url="https://github.com/redcanaryco/atomic-red-team",
        default_url="https://github.com/redcanaryco/atomic-red-team/archive/refs/heads/master.zip",
        default_interval=timedelta(days=7),
        accepts=(".zip", ".yml", ".yaml"),
        max_bytes=_TEMPLATES_SENT,
    ),
    limits=_TEMPLATES,
    takes=_YAML,
    wanted=atomic.wanted,
    parse=atomic.parse,
    revision=atomic.REVISION,
)
_CALDERA = SourceEntry(
    info=SourceInfo(
        slug="caldera",
        name="MITRE CALDERA",
        what="Test templates: the abilities of its stockpile, and the adversaries that string them together",
        licence="Apache License 2.0",
        licence_url="https://github.com/mitre/stockpile/blob/master/LICENSE",
        attribution="The MITRE Corporation.",
        home_url="https://github.com/mitre/stockpile",
        default_url="https://github.com/mitre/stockpile/archive/refs/heads/master.zip",
        default_interval=timedelta(days=7),
        accepts=(".zip", ".yml", ".yaml"),
        max_bytes=_TEMPLATES_SENT,
    ),
    limits=_TEMPLATES,
    takes=_YAML,
    wanted=caldera.wanted,
    parse=caldera.parse,
    revision=caldera.REVISION,
)
_LOLBAS = SourceEntry(
    info=SourceInfo(
        slug="lolbas",
        name="LOLBAS",
        what="Test templates: what attackers do with binaries, scripts and libraries that Windows brings along",
        licence="GPL-3.0",
        licence_url="https://github.com/LOLBAS-Project/LOLBAS/blob/master/LICENSE",
        attribution="LOLBAS Project; entries by their authors, named with each template.",
        home_url="https://lolbas-project.github.io",
        default_url="https://github.com/LOLBAS-Project/LOLBAS/archive/refs/heads/master.zip",
        default_interval=timedelta(days=7),
        accepts=(".zip", ".yml", ".yaml"),
        max_bytes=_TEMPLATES_SENT,
    ),
    limits=_TEMPLATES,
    takes=_YAML,
    wanted=lolbas.wanted,
    parse=lolbas.parse,
    revision=lolbas.REVISION,
)

_MAPPINGS_SENT = 200 * MEBIBYTE

_MAPPINGS = SourceEntry(
    info=SourceInfo(
        slug="mappings",
        name="Mappings Explorer",
        what="Controls of NIST 800-53, CRI and CSA, cloud capabilities and exploited vulnerabilities, mapped to ATT&CK",
        licence="Apache License 2.0",
        licence_url="https://github.com/center-for-threat-informed-defense/mappings-explorer/blob/main/LICENSE",
        attribution="© MITRE, Center for Threat-Informed Defense. Names of controls belong to the makers of each "
        "framework.",
        home_url="https://center-for-threat-informed-defense.github.io/mappings-explorer/",
        default_url="https://github.com/center-for-threat-informed-defense/mappings-explorer/archive/refs/heads/main.zip",
        default_interval=timedelta(days=30),
        accepts=(".json", ".json.gz", ".zip"),
        max_bytes=_MAPPINGS_SENT,
    ),
    # the largest file, of NIST 800-53, is 2.5 MB
    limits=Limits(sent=_MAPPINGS_SENT, unpacked=400 * MEBIBYTE, document=mappings.DOCUMENT_MAX, documents=2_000),
    takes="JSON files of the Mappings Explorer (.json, .json.gz), also a directory or a .zip of them",
    wanted=mappings.wanted,
    parse=mappings.parse,
    revision=mappings.REVISION,
)

_D3FEND_SENT = 60 * MEBIBYTE
_D3FEND = SourceEntry(
    info=SourceInfo(
        slug="d3fend",
        name="MITRE D3FEND",
        what="Countermeasures, and the techniques each applies to",
        licence="MIT",
        licence_url="https://github.com/d3fend/d3fend-ontology/blob/master/LICENSE.md",
        attribution="Copyright (c) 2022 The MITRE Corporation. D3FEND is a trademark of The MITRE Corporation.",
        home_url="https://d3fend.mitre.org",
        default_url="https://d3fend.mitre.org/ontologies/d3fend.ttl",
        default_interval=timedelta(days=30),
        accepts=(".ttl", ".ttl.gz", ".json", ".csv", ".zip"),
        max_bytes=_D3FEND_SENT,
    ),
    # the ontology is 2.5 MB of Turtle, its full mapping some 30 MB of JSON
    limits=Limits(sent=_D3FEND_SENT, unpacked=100 * MEBIBYTE, document=100 * MEBIBYTE, documents=1),
    takes="the ontology (.ttl, also as .gz) or its full mapping (.json, .csv)",
    wanted=d3fend.wanted,
    parse=d3fend.parse,
    revision=d3fend.REVISION,
)

SOURCES: Mapping[str, SourceEntry] = {
    entry.info.slug: entry
    for entry in (_ATTACK, _SIGMA, _ELASTIC, _OWN_RULES, _ATOMIC, _CALDERA, _LOLBAS, _MAPPINGS, _D3FEND)
}


def entry(slug: str) -> SourceEntry:
    found = SOURCES.get(slug)
    if found is None:
        raise NotFound(f"There is no source called {slug[:40]}; there are {', '.join(SOURCES)}.")
    return found


def info(slug: str) -> SourceInfo:
    return entry(slug).info
