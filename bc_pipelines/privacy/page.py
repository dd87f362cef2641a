"""The catalogue as a page that people read: docs/catalogue.md, so that a review sees each decision that changed.

Belongs here: laying out what the catalogue says. Does not belong here: what it means (see `catalogue.toml`).

Example: `make docs`
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import PROFILES, Column, JsonRule, Table

_HEAD = """\
# What happens to every table and column

Made from `bc_pipelines/privacy/catalogue.toml` by `make docs`; what the rules mean is said there. *staging* is the site
that colleagues and the client look at, *local* a developer's laptop.
"""


def page(catalogue: Catalogue) -> str:
    """The whole page, in Markdown.

    Args:
        catalogue: what to show.
    """
    parts = chain([_HEAD, _totals(catalogue)], _areas(catalogue), _json_rules(catalogue.json_rules.values()))
    return "\n".join(parts)


def _totals(catalogue: Catalogue) -> str:
    tables = catalogue.tables.values()
    purged = sum(table.purge for table in tables)
    columns = [column for table in tables if not table.purge for column in table.columns.values()]
    changed = sum(any(not rule.keeps for rule in column.rules.values()) for column in columns)
    by_choice = sum(_has_reason(column) for column in columns) - changed
    others = len(columns) - changed - by_choice
    return (
        f"{len(tables)} tables: {purged} lose their rows. Of the {len(columns)} columns of the others, {changed} are "
        f"changed, {by_choice} hold personal data that stays by choice, {others} hold none.\n"
    )


def _areas(catalogue: Catalogue) -> Iterator[str]:
    for area, title in catalogue.areas.items():
        tables = [table for table in catalogue.tables.values() if table.area == area]
        yield f"## {title}\n"
        yield from _purged([table for table in tables if table.purge])
        yield from _personal([table for table in tables if not table.purge])
        yield from _left_out(tables)
        yield from _untouched([table for table in tables if not table.purge])


def _purged(tables: list[Table]) -> Iterator[str]:
    if tables:
        yield "| loses its rows | what was in them | columns |\n|---|---|---|"
        for table in tables:
            stays = table.unless_referenced
            referrers = ", ".join(f"`{name}.{column}`" for name, column in stays.by) if stays else ""
            spared = f" Rows that {referrers} names stay." if stays else ""
            yield f"| `{table.name}` | {table.reason}{spared} | {', '.join(table.columns)} |"
        yield ""


def _personal(tables: list[Table]) -> Iterator[str]:
    rows = [(table, column) for table in tables for column in table.columns.values() if _has_reason(column)]
    if rows:
        yield f"| personal | {' | '.join(PROFILES)} | why |\n|---|{'---|' * len(PROFILES)}---|"
        for table, column in rows:
            rules = " | ".join(str(column.rules[profile]) for profile in PROFILES)
            yield f"| `{table.name}.{column.name}` | {rules} | {column.reason} |"
        yield ""


def _left_out(tables: list[Table]) -> Iterator[str]:
    """Rows of kept tables that do not come along."""
    said = [
        *(
            f"- `{each.name}`: rows that would be the same in {' and '.join(each.unique)}"
            for each in tables
            if each.unique
        ),
        *(
            f"- `{each.name}`: rows whose {', '.join(each.without_purged)} names a table that loses its rows"
            for each in tables
            if each.without_purged
        ),
    ]
    if said:
        yield "\n".join(["Left out:\n", *said, ""])


def _untouched(tables: list[Table]) -> Iterator[str]:
    rows = {table.name: [each.name for each in table.columns.values() if not _has_reason(each)] for table in tables}
    if any(rows.values()):
        yield "Kept, nothing personal:\n"
        for name, columns in rows.items():
            if columns:
                yield f"- `{name}`: {', '.join(columns)}"
        yield ""


def _json_rules(rules: Iterable[JsonRule]) -> Iterator[str]:
    yield "## Rules for JSON\n"
    for rule in rules:
        said = [
            f"{word}: {', '.join(f'`{each}`' for each in sorted(paths))}"
            for word, paths in (
                ("emptied", rule.empty),
                ("replaced by the sink for mail", rule.mail_sink),
                ("only these paths stay", [".".join(path) for path in rule.allow or ()]),
            )
            if paths
        ]
        yield f"- `json:{rule.name}`: {'; '.join(said)}"
    yield ""


def _has_reason(column: Column) -> bool:
    """Whether somebody had to decide about a column: only those carry a reason."""
    return bool(column.reason)


if __name__ == "__main__":
    # Written whole, so that a mistake in the catalogue leaves the page as it was.
    Path(sys.argv[1]).write_text(page(Catalogue.load()), encoding="utf-8")
