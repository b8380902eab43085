"""The organisation's own detection rules: real Sigma documents, some of which fire and some of which never do."""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import accumulate
from uuid import UUID

from data.demo import rule_texts
from data.demo.catalogue import Subject
from data.demo.chance import key
from data.demo.records import ClaimRow, RuleRow
from data.demo.rule_texts import NETWORK, LogSource, Selection, Sketch
from data.demo.worktime import DAY, OPENS, day_of, moment

_STATUS = (("stable", "test", "experimental"), (0.45, 0.8, 1.0))
_LEVEL = (("low", "medium", "high", "critical"), (0.12, 0.52, 0.9, 1.0))
_CLAIMS = ((1, 2, 3), (0.70, 0.94, 1.0))
_ENABLED, _SILENT = 0.9, 0.25
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class OwnRule:
    """`fires`: whether it ever recognises anything; `since`: the moment it was written, in seconds since 1970."""

    row: RuleRow
    claims: tuple[ClaimRow, ...]
    fires: bool
    since: int


def write(
    tested: Sequence[Subject],
    others: Sequence[Subject],
    authors: Sequence[str],
    sources: Sequence[str],
    count: int,
    *,
    begins: int,
    until: int,
    is_demo: bool,
    dice: random.Random,
) -> Iterator[OwnRule]:
    """Most rules are for techniques that are tested too, often-used ones first; some for those nobody tested."""
    pools = [(pool, list(accumulate(1.0 + one.used_by for one in pool))) for pool in (tested, others) if pool]
    unused = {attack_id: list(sketches) for attack_id, sketches in rule_texts.WRITTEN.items()}
    for number in range(count):
        pool, weights = pools[0] if len(pools) == 1 or dice.random() < 0.75 else pools[1]
        first = dice.choices(pool, cum_weights=weights)[0]
        claims = dice.choices(*_CLAIMS[:1], cum_weights=_CLAIMS[1])[0]
        near = dice.choices(pool, cum_weights=weights, k=8 * (claims - 1))
        others_near = [one for one in dict.fromkeys(near) if one != first and set(one.tactics) & set(first.tactics)]
        subjects = [first, *others_near[: claims - 1]]
        written = begins - int(dice.uniform(20, 700) * DAY) if dice.random() < 0.4 else int(dice.uniform(begins, until))
        written = min(written, until - 2 * DAY) // DAY * DAY + OPENS + dice.randrange(9 * 3600)
        changed = min(written + int(dice.expovariate(1 / (80 * DAY))), until - DAY) if dice.random() < 0.5 else written
        changed = max(changed, written)
        sketch = _sketch(first, unused, dice)
        body, row = _rule(sketch, subjects, (written, changed), dice.choice(authors), dice)
        row.source = sources[number % len(sources)]
        row.is_demo = is_demo
        row.body, row.content_hash = body, sha256(body.encode()).digest()
        row.path = f"{row.source}/{_SLUG.sub('-', row.title.lower()).strip('-')}-{row.external_id[:4]}.yml"
        made = tuple(ClaimRow(row.id, one.attack_id, one.id, "direct") for one in subjects)
        yield OwnRule(row, made, row.enabled and dice.random() >= _SILENT, written)


def _sketch(subject: Subject, unused: dict[str, list[Sketch]], dice: random.Random) -> Sketch:
    written = unused.get(subject.attack_id)
    if written:
        return written.pop(0)
    if {"command-and-control", "exfiltration"}.intersection(subject.tactics) and dice.random() < 0.7:
        return dice.choice(NETWORK)
    known = [platform for platform in subject.platforms if platform in rule_texts.GENERIC]
    return dice.choice(rule_texts.GENERIC[known[0]] if known else NETWORK)


def _rule(
    sketch: Sketch, subjects: Sequence[Subject], times: tuple[int, int], author: str, dice: random.Random
) -> tuple[str, RuleRow]:
    first = subjects[0]
    written, changed = times
    title = sketch.title.format(name=first.name)
    external = str(UUID(int=dice.getrandbits(128), version=4))
    status = dice.choices(_STATUS[0], cum_weights=_STATUS[1])[0]
    level = dice.choices(_LEVEL[0], cum_weights=_LEVEL[1])[0]
    tags = [f"attack.{tactic}" for tactic in first.tactics]
    tags += [f"attack.{one.attack_id.lower()}" for one in subjects]
    description = f"Looks for {first.name} ({first.attack_id}) on our own systems."
    references = [f"https://attack.mitre.org/techniques/{one.attack_id.replace('.', '/')}/" for one in subjects]
    row = RuleRow(
        id=key(dice, written), source="", external_id=external, title=title, description=description, status=status,
        level=level, author=author, product=sketch.logs.product, category=sketch.logs.category,
        service=sketch.logs.service, tags=tags, references=references, language="sigma", body="", path="",
        written_on=day_of(written), changed_on=day_of(changed), enabled=dice.random() < _ENABLED, content_hash=b"",
        is_demo=True, created_at=moment(written), updated_at=moment(changed),
    )  # fmt: skip
    return _document(row, sketch.logs, sketch.selection, dice.choice(rule_texts.FALSE_POSITIVES)), row


def _document(row: RuleRow, logs: LogSource, selection: Selection, false_positive: str) -> str:
    """The rule as a Sigma file. Strings are quoted as JSON, which YAML takes."""
    lines = [
        f"title: {json.dumps(row.title, ensure_ascii=False)}",
        f"id: {row.external_id}",
        f"status: {row.status}",
        f"description: {json.dumps(row.description, ensure_ascii=False)}",
        "references:",
        *(f"    - {address}" for address in row.references),
        f"author: {json.dumps(row.author, ensure_ascii=False)}",
        f"date: {_day(row.written_on)}",
        *([f"modified: {_day(row.changed_on)}"] if row.changed_on != row.written_on else []),
        "tags:",
        *(f"    - {tag}" for tag in row.tags),
        "logsource:",
        *(
            f"    {name}: {value}"
            for name, value in (("product", logs.product), ("category", logs.category), ("service", logs.service))
            if value
        ),
        "detection:",
        "    selection:",
    ]
    for name, values in selection.items():
        if isinstance(values, str):
            lines.append(f"        {name}: {json.dumps(values)}")
        else:
            lines.append(f"        {name}:")
            lines.extend(f"            - {json.dumps(value)}" for value in values)
    lines += ["    condition: selection", "falsepositives:", f"    - {false_positive}", f"level: {row.level}", ""]
    return "\n".join(lines)


def _day(day: date) -> str:
    return day.isoformat()
