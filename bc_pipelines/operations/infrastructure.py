"""The runbook's questions about an environment's infrastructure: asked of what settings and apps name, then judged.

Belongs here: what every area has. Does not belong here: which bucket, hosts and keys a probe is handed (see the areas,
`infrastructure_…`), asking (see `probes`), judging (see `checks`). Nothing is changed, on no environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bc_pipelines.checks.verdict import Fact, Row, Verdict, not_testable
from bc_pipelines.probes.told import Untold

# Longer than anything that is as it should be: a header may have 64 kB, a text in the DNS too.
_LONGEST = 4000


@dataclass(frozen=True)
class Checks:
    """The checks of an area: their names and what each looks at.

    Attributes:
        of_each: of every environment.
        of_production: of production alone.
        of_a_copy: of every other one, which alone can be mistaken for production.
    """

    of_each: Mapping[str, str]
    of_production: Mapping[str, str] = field(default_factory=dict)
    of_a_copy: Mapping[str, str] = field(default_factory=dict)

    def of(self, environment: str) -> Mapping[str, str]:
        """Those of one environment."""
        return {**self.of_each, **(self.of_production if environment == "production" else self.of_a_copy)}


@dataclass(frozen=True)
class Looked:
    """One look at one area of an environment.

    Attributes:
        facts: what was found, to show; no secret.
        version: a digest of the facts; another one where something has changed since the last look.
        verdicts: by the check's name.
        rows: facts that come once for each host, as a table.
    """

    facts: Mapping[str, Fact]
    version: str
    verdicts: Mapping[str, Verdict]
    rows: tuple[Row, ...] = ()

    def to_show(self) -> Looked:
        """The same, with what servers said cut short where it is long, and without characters that cannot be seen."""
        verdicts = {
            name: replace(each, summary=_tame(each.summary), rows=tuple(map(_tamed, each.rows)))
            for name, each in self.verdicts.items()
        }
        return replace(self, facts=_tamed(self.facts), verdicts=verdicts, rows=tuple(map(_tamed, self.rows)))


def _tamed(facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
    return {name: _tame(value) if isinstance(value, str) else value for name, value in facts.items()}


def _tame(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … and {len(text) - _LONGEST} characters more"
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in shown)


def nothing_known(names: Mapping[str, str], why: str, fact: str = "state", value: str = "not configured") -> Looked:
    """Say of each check why it is not testable.

    Args:
        names: of the checks.
        why: in words.
        fact: name of the one fact that there is.
        value: what it is.
    """
    return Looked({fact: value}, value, {name: not_testable(why) for name in names})


def shown(value: str | float | bool | tuple[str, ...] | Untold) -> Fact:
    """What was told, or why it was not, as a fact to show."""
    match value:
        case Untold(why):
            return f"not told ({why})"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return "; ".join(value) or "none"
        case "":
            return "none"
    return value
