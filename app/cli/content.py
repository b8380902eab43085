"""`aegis sync`, `aegis sources` and `aegis stats`: the content, from the command line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import DataDir, command_actor, connected, err, out, progress

if TYPE_CHECKING:
    from data.queries.sources import RunRow, SourceRow

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
_DOMAINS = {"enterprise": "enterprise-attack", "mobile": "mobile-attack", "ics": "ics-attack"}
# How a report reads, most telling first.
_ORDER = (
    "added",
    "changed",
    "renamed",
    "revoked",
    "deprecated",
    "reactivated",
    "vanished",
    "removed",
    "restored",
)
_KINDS = (
    "tactic",
    "technique",
    "group",
    "software",
    "campaign",
    "mitigation",
    "detection_strategy",
    "analytic",
    "data_component",
    "data_source",
    "asset",
    "relationship",
    "rule",
    "template",
    "adversary",
    "framework",
    "control",
    "countermeasure",
)
_LISTED = 20


def register(app: typer.Typer) -> None:
    app.command("sync")(sync)
    app.command("sources")(sources)
    app.command("stats")(stats)


def sync(
    source: Annotated[
        str, typer.Argument(help="attack, sigma, elastic, own, atomic, caldera, lolbas, mappings or d3fend.")
    ],
    *,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE|DIR|URL", help="Read this instead of the source's own address."),
    ] = None,
    version: Annotated[str | None, typer.Option(help="Its version, where the file does not say it (18.1).")] = None,
    domain: Annotated[str | None, typer.Option(help="enterprise, mobile or ics: which ATT&CK it must be.")] = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Sync a source here and now, all or nothing, and report what changed."""
    given = input_of(from_, asked_domain(domain))
    with connected(data_dir):
        from data.database import reading
        from data.queries import sources as queries
        from jobs import syncs

        with progress(f"Syncing {source}") as report:
            outcome = syncs.sync_in_place(source, actor=command_actor(), input=given, version=version, report=report)
        with reading() as session:
            run = queries.run(session, outcome.run_id)
            rejected = queries.items(session, outcome.run_id, "rejected", limit=_LISTED)
    if json:
        lines = [{"item": item.name, "reason": item.detail} for item in rejected]
        print_json({**_run_facts(run), "counts": dict(run.counts), "rejected": lines})
        return
    _print_report(run)
    for item in rejected:
        err.print(f"  rejected: {item.name} {item.detail}", markup=False)
    if run.kinds.get("rejected", 0) > len(rejected):
        err.print(f"  ... and {run.kinds['rejected'] - len(rejected):,} more; the sources page has them all")


def sources(json: Json = False, data_dir: DataDir = None) -> None:
    """List the sources: what is loaded, the last run, the next."""
    with connected(data_dir):
        from data.database import reading
        from data.queries import sources as queries

        with reading() as session:
            rows = queries.sources(session)
    if json:
        print_json([_source_facts(row) for row in rows])
        return
    for row in rows:
        figures = ", ".join(f"{number:,} {name}" for name, number in row.figures)
        out.print(f"{row.slug:<8} {', '.join(row.loaded) or 'nothing loaded'}", markup=False)
        for line in (figures, row.shortened_from and f"texts are shortened: {row.shortened_from}", _last_line(row)):
            if line:
                out.print(f"         {line}", markup=False)


def stats(
    json: Annotated[bool, typer.Option("--json", help="Print JSON; the default is the same in lines.")] = False,
    domain: Annotated[str | None, typer.Option(help="enterprise, mobile or ics (default: Enterprise).")] = None,
    data_dir: DataDir = None,
) -> None:
    """Count the loaded content: active objects, distinct pairs, rules, coverage, tests."""
    wanted = asked_domain(domain)
    with connected(data_dir):
        from data.database import reading
        from data.queries import stats as queries

        with reading() as session:
            counted = queries.stats(session, wanted)
    if json:
        print_json(counted)
        return
    for part in ("attack", "rules", "templates", "compliance", "coverage", "tests"):
        out.print(part, style="bold")
        _print_lines(counted[part] or {}, "  ")


def asked_domain(given: str | None) -> str | None:
    """`enterprise` or `enterprise-attack`, in any case."""
    from domain.errors import BadInput

    if given is None:
        return None
    name = given.strip().lower()
    found = _DOMAINS.get(name.removesuffix("-attack"))
    if found is None:
        raise BadInput(f"{given[:40]} is not a domain of ATT&CK; there are {', '.join(_DOMAINS)}.")
    return found


def input_of(location: str | None, domain: str | None) -> dict[str, Any]:
    from data.fetch import is_url

    given: dict[str, Any] = {"domain": domain} if domain else {}
    if location is None:
        return {**given, "kind": "upstream"}
    if is_url(location):
        return {**given, "kind": "url", "url": location}
    return {**given, "kind": "path", "path": location}


def _print_report(run: "RunRow") -> None:
    what = f"{run.source_name} {run.version}" if run.version else run.source_name
    if run.state == "unchanged":
        out.print(f"{what}: no change.", markup=False)
        return
    from data.queries.sources import kinds_in_words

    before, counts = run.counts.get("from_version"), run.counts
    moved = f" (before: {before})" if before and before != run.version else ""
    out.print(f"{what}{moved}, from {run.origin}", markup=False)
    if counts.get("texts_compared") is False:
        out.print("  whole texts in place of the shortened ones; nobody has to review them")
    objects = counts.get("objects", {})
    for kind in sorted(objects, key=_KINDS.index):
        changes = objects[kind]
        line = kinds_in_words(changes, _ORDER)
        retired = (
            f" ({changes['added_retired']:,} of the added already retired)" if changes.get("added_retired") else ""
        )
        out.print(f"  {kind.replace('_', ' '):<20} {line}{retired}", markup=False)
    for name, words in (
        ("review", "techniques to review because their content changed"),
        ("claims_moved", "technique claims of rules placed anew"),
        ("tests_moved", "tests followed their technique"),
        ("templates_moved", "templates placed anew"),
        ("not_placed", "technique claims not placed on the loaded map"),
        ("steps_not_found", "steps of adversaries name templates that are not here"),
        ("rejected", "rejected"),
    ):
        if counts.get(name):
            out.print(f"  {counts[name]:,} {words}", markup=False)
    if counts.get("partial"):
        out.print("  A single file adds to what is there; nothing was taken to be removed.", markup=False)
    if counts.get("shortened"):
        out.print("  Its texts are shortened; sync the full bundle to read them whole.", markup=False)


def _last_line(row: "SourceRow") -> str:
    if row.active is not None:
        return f"{row.active.state} now"
    if row.last is None:
        return ""
    at = row.last.finished_at or row.last.queued_at
    return f"last run {at:%Y-%m-%d %H:%M} UTC: {row.last.error or row.last.state}"


def _run_facts(run: "RunRow") -> dict[str, Any]:
    return {
        "run": str(run.id),
        "source": run.source,
        "state": run.state,
        "version": run.version,
        "origin": run.origin,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": run.error or None,
        "items": dict(run.kinds),
    }


def _source_facts(row: "SourceRow") -> dict[str, Any]:
    return {
        "source": row.slug,
        "loaded": list(row.loaded),
        "shortened_from": row.shortened_from or None,
        "figures": dict(row.figures),
        "schedule_minutes": row.schedule_minutes,
        "next_run_at": row.next_run_at,
        "last": _run_facts(row.last) if row.last else None,
        "active": _run_facts(row.active) if row.active else None,
    }


def _print_lines(values: Mapping[str, Any], indent: str) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping):
            out.print(f"{indent}{name}", markup=False)
            _print_lines(value, indent + "  ")
        else:
            out.print(f"{indent}{name.replace('_', ' '):<32} {value if value is not None else '-'}", markup=False)


def print_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
