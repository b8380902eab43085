"""Rules of our own, as Sigma (YAML) or Elastic (TOML) files: always an addition to those that are there."""

from data.sources import elastic, rule_records, sigma
from data.sources.base import Asked, Document, Input
from data.sources.rule_records import RuleRecord, RuleSet

SLUG = "own"
# either reader's change is a change of this one
REVISION = 1000 * sigma.REVISION + elastic.REVISION


def wanted(path: str) -> bool:
    return sigma.wanted(path) or elastic.wanted(path)


def parse(source: Input, asked: Asked) -> RuleSet:
    """Every rule of `source`; a file that is none becomes a Rejected. Raises BadInput when there is no rule at all.

    Nothing that is missing from it is taken away: rules of our own are removed by people.
    """
    found = rule_records.gather(source, asked, source.documents, _read, what="Sigma or Elastic rule")
    return RuleSet(version=asked.version, whole=False, rules=found.rules, rejected=found.rejected)


def _read(document: Document) -> RuleRecord:
    return elastic.read(document) if elastic.wanted(document.path) else sigma.read(document)
