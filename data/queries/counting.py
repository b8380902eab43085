"""SQL of what counts, for every statement that looks at results themselves: the rules are those of the domain."""

from domain.coverage import held as holds
from domain.outcomes import Detection, Outcome, Prevention

_HOLDING = ", ".join(f"('{p}', '{d}')" for p in Prevention for d in Detection if holds(p, d))


def held(of: str) -> str:
    """Whether the result in the row `of` held, as `domain.coverage.held` has it."""
    return f"(({of}.prevention, {of}.detection) IN ({_HOLDING}))"


def outcome(of: str) -> str:
    """The result in the row `of` on the exchange scale, as `Outcome.of` has it, whoever observed it."""
    return f"CASE {of}.prevention WHEN '{Prevention.FULL}' THEN '{Outcome.BLOCKED}' ELSE {of}.detection END"


def platforms_out(domain: str = "$1") -> str:
    """The text[] of a domain's platforms that are out of scope."""
    return f"ARRAY(SELECT ref FROM scope_decision WHERE domain = {domain} AND kind = 'platform' AND NOT in_scope)"


def platform_counts(platform: str, domain: str = "$1") -> str:
    """Whether tests on `platform` count: nobody took it out of scope."""
    return f"{platform} <> ALL ({platforms_out(domain)})"
