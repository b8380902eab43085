"""The made-up organisation as a whole: who works there, what it plans, and every test with what became of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from data.demo import campaigns, people, procedures, rules
from data.demo.catalogue import Catalogue
from data.demo.chance import key, stream
from data.demo.course import Team
from data.demo.defence import Defence, Firing
from data.demo.diary import Diary
from data.demo.life import Life
from data.demo.people import Person, Tool
from data.demo.records import CampaignRow, PersonRow, Story, ToolRow
from data.demo.rules import OwnRule
from data.demo.telling import tell
from data.demo.worktime import DAY, HOUR, day_of, midnight, moment
from domain.durations import Measure, ServiceLevel
from domain.roles import Role
from domain.scope import Decision, Kind, Who

SEED = 20
_EMULATIONS = 5
_TARGETS = {
    Measure.DETECT: (ServiceLevel(4 * 3600, 0.75), "What the monitoring contract promises for working hours."),
    Measure.CONTAIN: (ServiceLevel(4 * 3600, 0.9), "Agreed with operations after the spring exercise."),
    Measure.REMEDIATE: (ServiceLevel(30 * 86_400, 0.8), "The board's target for closing known gaps."),
}
_NOT_OURS = "Happens on the attacker's own systems before they reach ours: we can neither run it nor see it here."


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made up. `is_demo` marks the rows, so that they can be removed; `few_tools` halves observations.

    `told` is how many of the newest tests have rounds and a timeline beside the test itself; None means all.
    """

    tests: int
    rules: int
    procedures: int
    days: int = campaigns.YEAR
    staff: int = 6
    units: int = 1
    rule_sources: tuple[str, ...] = ("own",)
    few_tools: bool = False
    told: int | None = None
    is_demo: bool = True


DEMO = Size(tests=900, rules=150, procedures=420)


def large(tests: int, rules: int) -> Size:
    """The benchmark's data: three years, a larger team, units with campaigns of a few hundred tests each."""
    return Size(
        tests=tests, rules=rules, procedures=3_000, days=3 * campaigns.YEAR, staff=len(people.STAFF), units=40,
        rule_sources=("own", "vendor", "community"), few_tools=True, told=min(20_000, tests), is_demo=False,
    )  # fmt: skip


class Organisation:
    """Everything about it but the tests themselves, which `stories()` tells one after the other."""

    def __init__(self, catalogue: Catalogue, today: date, size: Size = DEMO, seed: int = SEED) -> None:
        """`today` is not over yet: nothing happens after its first second (UTC)."""
        self.seed, self.size = seed, size
        self.until = midnight(today)
        self.begins = self.until - size.days * DAY
        founded = self.begins - 60 * DAY
        dice = stream(seed, "people")
        self.staff = [
            Person(key(dice, founded), self._slug(username), name, role, team)
            for username, name, role, team in people.STAFF[: size.staff]
        ]
        self.tools = [Tool(key(dice, founded), self._slug(one[0]), *one[1:]) for one in people.TOOLS]
        groups = campaigns.emulated(catalogue, _EMULATIONS)
        wanted = {attack_id for _group, techniques in groups for attack_id in techniques}
        self.procedures = procedures.pool(catalogue, seed, size.procedures, wanted)
        self.campaigns = campaigns.plan(groups, self.procedures, seed, self.until, size.days, units=size.units)
        self._catalogue = catalogue
        self._founded = founded
        self._team = Team(
            *(self._people(role) for role in (Role.RED_TECH, Role.BLUE_TECH, Role.RED_LEAD, Role.BLUE_LEAD))
        )

    def out_of_scope(self) -> Decision:
        """What it cannot test on itself, declared when it was founded."""
        lead = self._team.red_leads[0]
        by = Who(next(one.username for one in self.staff if one.id == lead.id), lead.id)
        return Decision(Kind.PLATFORM, "PRE", False, _NOT_OURS, by, moment(self._founded + 9 * HOUR))

    def lead(self) -> Who:
        """Who decides on blue's side."""
        lead = self._team.blue_leads[0]
        return Who(next(one.username for one in self.staff if one.id == lead.id), lead.id)

    @staticmethod
    def targets() -> Mapping[Measure, tuple[ServiceLevel, str]]:
        """What it promised itself for its times, and why."""
        return _TARGETS

    def person_rows(self) -> Iterator[PersonRow]:
        for one in self.staff:
            yield PersonRow(
                one.id, one.username, one.name, one.role.value, one.team, self.size.is_demo, moment(self._founded)
            )

    def tool_rows(self) -> Iterator[ToolRow]:
        for one in self.tools:
            yield ToolRow(one.id, one.slug, one.name, one.kind, self.size.is_demo, moment(self._founded))

    def campaign_rows(self) -> Iterator[CampaignRow]:
        leads = self._team.red_leads
        for number, one in enumerate(self.campaigns):
            state = "planned" if one.starts > self.until else "running" if one.ends >= self.until else "finished"
            created = min(one.starts - 9 * DAY, self.until - 2 * DAY) + 10 * HOUR
            yield CampaignRow(
                one.id, one.name, one.goal, state, one.actor, day_of(one.starts), day_of(one.ends), self.size.is_demo,
                leads[number % len(leads)].id, moment(created),
            )  # fmt: skip

    def rules(self) -> Iterator[OwnRule]:
        """The detection rules; the same ones on every call."""
        tested = {one.subject.attack_id: one.subject for one in self.procedures}
        others = [one for one in self._catalogue.testable if one.attack_id not in tested]
        authors = [one.name for one in self.staff if one.role in {Role.BLUE_TECH, Role.BLUE_LEAD}]
        return rules.write(
            list(tested.values()), others, [*authors, "Detection team"], self.size.rule_sources, self.size.rules,
            begins=self.begins, until=self.until, is_demo=self.size.is_demo, dice=stream(self.seed, "rules"),
        )  # fmt: skip

    def stories(self, firing: dict[str, list[Firing]], part: int = 0, parts: int = 1) -> Iterator[Story]:
        """The tests in the order in which they are planned to run; `part` of `parts` equal shares of them."""
        dice = stream(self.seed, f"tests {part}/{parts}")
        count = self.size.tests * (part + 1) // parts - self.size.tests * part // parts
        told_from = 0 if self.size.told is None else count - self.size.told // parts
        defence = Defence(self.tools, firing, self.begins, self.until, self.size.few_tools)
        diary = Diary(self.procedures, self.campaigns, begins=self.begins, until=self.until, count=count, dice=dice)
        for number, order in enumerate(diary.orders()):
            life = Life(order, self._team, defence, self.until, dice)
            if life.retest is not None:
                diary.add(life.retest)
            yield tell(life, dice, is_demo=self.size.is_demo, fully=number >= told_from)

    def _slug(self, slug: str) -> str:
        return slug if self.size.is_demo else slug.removeprefix("demo").lstrip("_-")

    def _people(self, role: Role) -> list[Person]:
        return [one for one in self.staff if one.role is role]


def firing(written: Iterable[OwnRule]) -> dict[str, list[Firing]]:
    """The rules that recognise something, by the ATT&CK id they claim."""
    found: dict[str, list[Firing]] = defaultdict(list)
    for rule in written:
        if rule.fires:
            for claim in rule.claims:
                found[claim.claimed_id].append(Firing(rule.row.id, rule.since))
    return dict(found)
