"""From what was gathered and what was found to the result: what fails, what is public, what was not looked for.

Belongs here: judgement and words. Does not belong here: reading archives.
"""

from collections import Counter
from collections.abc import Iterator
from enum import Enum, auto
from itertools import chain, islice

from bc_pipelines.proof import extract, search, text
from bc_pipelines.proof.control import Control
from bc_pipelines.proof.gather import Gathered
from bc_pipelines.proof.kinds import Kind
from bc_pipelines.proof.layer import LONGEST_TEXT
from bc_pipelines.proof.register import COMMON
from bc_pipelines.proof.result import ControlResult, Hit, Match, Proof
from bc_pipelines.proof.scan import KEYS_KEPT, Finds, Key

MOST_SHOWN = 200
_WHAT_TO_DO = (
    "Look at them with `bucks archive prove TARGET --against SOURCE --show`, where TARGET is the written archive and "
    "SOURCE the address of the raw backup. Where the written archive was removed, as a failed reset's is, "
    "`bucks archive sanitise SOURCE TARGET --profile staging --show` makes it once more and shows the same. If it is "
    "personal, extend privacy/catalogue.toml; if it is not, add it to `public` in the section [proof] of "
    "environments.toml."
)
NEVER_SEARCHED = (
    "text inside pictures, PDFs and other files: an archive of a database holds none of them",
    "postcodes, dates of birth, IP addresses and other values that do not name one person by themselves",
    "names that are spelt differently, and first and last names that stand in two separate values, except in the "
    "columns first_name and last_name of one row",
    "the words of a tsvector column that PostgreSQL has reduced to their stems",
    "telephone numbers of the United Kingdom that have nine digits after the 0, and those of other countries that are "
    "written without + or 00, have fewer than nine digits, or have other digits right behind them",
    "names of which the first or the last is a single letter, as these may begin any sentence",
    "free texts that were shortened, that have other words beside them or formatting in their middle, and any of more "
    f"than {LONGEST_TEXT:,} bytes",
    "names and remarks in a JSON text of more than a megabyte that stands inside a longer JSON value of the raw "
    "backup, but for addresses and telephone numbers",
    "names and addresses with other marks in their middle than HTML's for formatting, such as Markdown's",
    "encrypted values, base64 that begins in the middle of a longer word, what a compressed value of more than half a "
    "million characters holds behind them, and what any holds beyond its first 32 MB",
    f"text that is hidden in more than {search.DEEPEST} encodings inside each other, such as base64 in base64",
    f"addresses and telephone numbers that the raw backup itself hides in more than {extract.DEEPEST} encodings inside "
    "each other, also in the tables of which all are searched for",
)
# What names one person wherever it stands. Other kinds may be made of one word, which in a name is only a word.
_NAMING = frozenset((Kind.EMAIL, Kind.FULL_NAME, Kind.REVERSED_NAME, Kind.HALF_NAME))


class Standing(Enum):
    """What a find means."""

    FAILS = auto()
    PUBLISHED = auto()
    DECLARED = auto()


def verdict(gathered: Gathered, finds: Finds, seconds: float) -> Proof:
    """Judge a search.

    Args:
        gathered: what is known of the raw archive.
        finds: what was found in the written one.
        seconds: how long the search took.
    """
    register = gathered.register
    control = control_result(gathered.control)
    hits = _hits(gathered, finds, Standing.FAILS)
    reason = _reason(gathered, control, finds, hits)
    reviewed = (_of_standing(gathered, finds, place, Standing.DECLARED) for place in finds.sightings)
    return Proof(
        passed=not reason,
        reason=reason,
        hits=hits,
        public=_hits(gathered, finds, Standing.PUBLISHED),
        declared=_hits(gathered, finds, Standing.DECLARED),
        reviewed=len(set(chain.from_iterable(reviewed))),
        identifiers={
            kind.value: count for kind, count in sorted(register.identifiers.items(), key=lambda k: k[0].value)
        },
        values_searched=finds.values,
        tables_searched=finds.tables,
        not_searched=_not_searched(gathered),
        control=control,
        seconds=round(seconds, 3),
    )


def control_result(control: Control) -> ControlResult:
    """The positive control in numbers."""
    return ControlResult(control.found, control.expected, tuple(sorted(control.missed))[:KEYS_KEPT])


def _reason(gathered: Gathered, control: ControlResult, finds: Finds, hits: tuple[Hit, ...]) -> str:
    if not control.passed:
        return (
            f"the positive control found {control.found:,} of {control.expected:,} hidden identifiers, so a search "
            f"that finds nothing would mean nothing. Missed: {'; '.join(control.missed[:5])}."
        )
    if not gathered.rows:
        return (
            "the raw backup has no row in any table of the list of identifiers, so nothing was searched for. "
            "Is it the right backup, and does the list still fit the site?"
        )
    if not finds.complete:
        return "so many identifiers were found that the search was stopped. Was anything replaced at all?"
    if hits:
        places = Counter(f"{hit.table}.{hit.column}" for hit in hits)
        named = ", ".join(list(places)[:5]) + (" and others" if len(places) > 5 else "")
        return f"{sum(hit.count for hit in hits):,} were found where they should not be, in {named}. {_WHAT_TO_DO}"
    return ""


def matches(gathered: Gathered, finds: Finds) -> tuple[Match, ...]:
    """The texts that fail the proof, each with the first row of a column in which it stands.

    There are ``MOST_SHOWN`` at most, ``KEYS_KEPT`` of one column, and none unless the register shows them.

    Args:
        gathered: what is known of the raw archive.
        finds: what was found in the written one.
    """
    return tuple(islice(_matches(gathered, finds), MOST_SHOWN)) if gathered.register.shows else ()


def _matches(gathered: Gathered, finds: Finds) -> Iterator[Match]:
    register = gathered.register
    for (table, column), sightings in sorted(finds.sightings.items()):
        for digest in _of_standing(gathered, finds, (table, column), Standing.FAILS)[:KEYS_KEPT]:
            kind = register.kinds(digest)[0]
            shown = register.text(digest).partition("\0")[0]
            shown = text.as_dialled(shown.encode()).decode() if kind is Kind.PHONE else shown
            yield Match(table, column, sightings[digest].keys[0], kind.value, shown)


def _of_standing(gathered: Gathered, finds: Finds, place: tuple[str, str], standing: Standing) -> list[int]:
    """The digests in one column that have a standing."""
    return [digest for digest in finds.sightings[place] if _standing(gathered, finds, place, digest) is standing]


def _standing(gathered: Gathered, finds: Finds, place: tuple[str, str], digest: int) -> Standing:
    """What published content holds needs nobody's word, so it comes first; but an account is replaced all the same."""
    if digest in finds.public and not _is_an_accounts_own(gathered, place, digest):
        return Standing.PUBLISHED
    return Standing.DECLARED if gathered.register.is_declared(digest) else Standing.FAILS


def _is_an_accounts_own(gathered: Gathered, place: tuple[str, str], digest: int) -> bool:
    """Whether a find stands in an account and tells whose it is.

    In a first or a last name by itself only what names a person does: a user name such as sarah is a word there, and
    must not fail every Sarah whose account stays.
    """
    if place in gathered.half_names:
        return not _NAMING.isdisjoint(gathered.register.kinds(digest))
    return place in gathered.accounts


def _hits(gathered: Gathered, finds: Finds, standing: Standing) -> tuple[Hit, ...]:
    hits: list[Hit] = []
    for (table, column), sightings in sorted(finds.sightings.items()):
        by_key: dict[str, Counter[Key]] = {}
        totals: Counter[str] = Counter()
        for digest in _of_standing(gathered, finds, (table, column), standing):
            kind = gathered.register.kinds(digest)[0].value
            by_key.setdefault(kind, Counter()).update(sightings[digest].keys)
            totals[kind] += sightings[digest].rows
        for kind, keys in sorted(by_key.items()):
            hits.extend(_capped(table, column, kind, keys, totals[kind]))
    return tuple(hits)


def _capped(table: str, column: str, kind: str, keys: Counter[Key], total: int) -> list[Hit]:
    """The first rows one by one, and the others in one sum."""
    first = list(keys.items())[:KEYS_KEPT]
    hits = [Hit(table, column, key, kind, count) for key, count in first]
    rest = total - sum(count for _, count in first)
    return [*hits, Hit(table, column, None, kind, rest)] if rest else hits


def _not_searched(gathered: Gathered) -> tuple[str, ...]:
    notes = [f"{count:,} {reason}" for reason, count in sorted(gathered.left_out.items())]
    if gathered.register.common:
        notes.append(f"{gathered.register.common:,} texts that {COMMON} or more rows repeat, such as a form's choices")
    if gathered.register.kept:
        notes.append(f"{gathered.register.kept:,} identifiers of staff, whose accounts are kept by choice")
    if gathered.absent:
        notes.append(f"tables and columns of the list that this backup does not have: {', '.join(gathered.absent)}")
    return (*notes, *NEVER_SEARCHED)
