"""`aegis scope ...`: what counts, declared from the command line."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import DataDir, command_actor, connected, out
from app.cli.content import asked_domain, print_json
from domain.roles import Role
from domain.scope import Asked, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

scope = typer.Typer(help="Platforms and techniques in and out of scope.", no_args_is_help=True)

KindArgument = Annotated[Kind, typer.Argument(help="What is meant.")]
Refs = Annotated[list[str], typer.Argument(help="Platforms as ATT&CK calls them, or ATT&CK ids.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision and in the audit log.")]
Domain = Annotated[str | None, typer.Option(help="enterprise, mobile or ics (default: Enterprise).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(app: typer.Typer) -> None:
    app.add_typer(scope, name="scope")


@scope.command("list")
def list_(domain: Domain = None, json: Json = False, data_dir: DataDir = None) -> None:
    """List what is out of scope, why, by whom and since when."""
    wanted = asked_domain(domain) or "enterprise-attack"
    with connected(data_dir, redis=True):
        from data.queries import scope as queries

        found = queries.scope(wanted)
    decided = [
        {"kind": kind, "ref": row.get("name") if kind == "platform" else row["attack_id"], **_facts(row)}
        for kind, rows in (("platform", found["platforms"]), ("technique", found["techniques"]))
        for row in rows
        if row["reason"]
    ]
    inside = found["totals"]["techniques"]
    if json:
        print_json({"domain": wanted, "techniques": found["whole"], "in_scope": inside, "decisions": decided})
        return
    out.print(f"{inside:,} of {found['whole']:,} techniques in scope")
    for one in decided:
        state = "in " if one["in_scope"] else "out"
        out.print(
            f"  {state} {one['kind']} {one['ref']}: {one['reason']} ({one['by']}, {one['at'][:10]})", markup=False
        )


def _facts(row: "Mapping[str, Any]") -> dict[str, Any]:
    return {name: row[name] for name in ("in_scope", "reason", "by", "at", "tests")}


@scope.command("out")
def out_(
    kind: KindArgument,
    refs: Refs,
    reason: Reason,
    *,
    domain: Domain = None,
    dry_run: DryRun = False,
    data_dir: DataDir = None,
) -> None:
    """Take platforms or techniques out of scope."""
    platform = kind is Kind.PLATFORM
    asked = Asked(platforms_out=refs if platform else (), techniques_out=() if platform else refs, reason=reason)
    _do(asked, domain, data_dir, dry_run=dry_run)


@scope.command()
def back(
    kind: KindArgument,
    refs: Refs,
    reason: Reason,
    *,
    domain: Domain = None,
    dry_run: DryRun = False,
    data_dir: DataDir = None,
) -> None:
    """Put platforms or techniques back in scope."""
    platform = kind is Kind.PLATFORM
    asked = Asked(platforms_back=refs if platform else (), techniques_back=() if platform else refs, reason=reason)
    _do(asked, domain, data_dir, dry_run=dry_run)


def _do(asked: Asked, domain: str | None, data_dir: Any, *, dry_run: bool) -> None:
    wanted = asked_domain(domain) or "enterprise-attack"
    with connected(data_dir):
        from jobs import scope as jobs

        seen = jobs.preview(command_actor(), Role.ADMIN, wanted, asked)
        if not dry_run:
            jobs.decide(command_actor(), Role.ADMIN, wanted, asked)
    for name, value in (("techniques in scope", "techniques"), ("techniques tested", "tested")):
        out.print(f"{name}: {seen.before[value]:,} -> {seen.after[value]:,}")
    before, after = seen.before["score"]["weighted"], seen.after["score"]["weighted"]
    out.print(f"organisation score: {_points(before)} -> {_points(after)}")
    if dry_run:
        out.print("Nothing was changed.")


def _points(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
