"""Rules, ready to be applied to one column: a function from a value to its replacement, and a cheap look beforehand.

A rule sees only values that are there: NULL and empty texts stay as they are. The catalogue says what each is for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import RuleSpec
from bc_pipelines.privacy.errors import CatalogueRefusal, SanitiseError
from bc_pipelines.privacy.fitting import Target
from bc_pipelines.privacy.json_rules import JsonRewriter
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.substitutes import SHORTEST, UNUSABLE_PASSWORD, Substitutes

Replace = Callable[[bytes], bytes | None]


def _never(field: bytes) -> bool:
    del field
    return False


@dataclass(frozen=True)
class Rule:
    """A rule that is ready to be applied.

    Attributes:
        replace: gives the replacement of a value, no longer escaped; None for NULL.
        leaves_alone: whether a field, still escaped, surely stays as it is.
        spare: called with each value of a row that is spared, which a substitute must not repeat.
        suspects: gives places in whole rows, still escaped, such that ``leaves_alone`` is true of every row without
            one; None where every row has to be looked at.
    """

    replace: Replace
    leaves_alone: Callable[[bytes], bool] = _never
    spare: Callable[[str], None] | None = None
    suspects: Callable[[bytes], Iterable[int]] | None = None


class RuleMaker:
    """Makes the rules of one run.

    Args:
        catalogue: for its JSON rules.
        policy: for the values that the settings give.
    """

    def __init__(self, catalogue: Catalogue, policy: Policy) -> None:
        self._catalogue = catalogue
        self._policy = policy
        self._substitutes = Substitutes()

    def rule(self, where: str, spec: RuleSpec, target: Target) -> Rule:
        """Make one column's rule.

        Args:
            where: the column's name, for messages.
            spec: what the catalogue says, other than keep.
            target: what the column takes.

        Raises:
            CatalogueRefusal: the replacement does not fit into the column.
        """
        if spec.kind in SHORTEST:
            return self._substituting(where, spec.kind, target)
        if spec.kind == "json":
            rewriter = JsonRewriter(self._catalogue.json_rules[spec.argument or ""], self._policy.mail_sink)
            return Rule(rewriter, rewriter.leaves_alone, suspects=None if rewriter.allows else rewriter.suspects)
        if spec.kind == "url_without_query":
            return Rule(_of_text(url_without_query), _has_no_query)
        constant = self._constants(spec)[spec.kind]
        _insist_on_room(where, spec.kind, len(constant or ""), target)
        return Rule(_of_text(lambda value: constant))

    def _constants(self, spec: RuleSpec) -> dict[str, str | None]:
        return {
            "null": None,
            "empty": "",
            "fixed": spec.argument,
            "password": UNUSABLE_PASSWORD,
            "mail_sink": self._policy.mail_sink,
            "view_restriction_password": self._policy.view_restriction_password,
        }

    def _substituting(self, where: str, kind: str, target: Target) -> Rule:
        _insist_on_room(where, kind, SHORTEST[kind], target)
        if not target.unique:
            return Rule(_of_text(partial(self._substitutes.make, kind, max_length=target.max_length)))
        unique = UniqueSubstitutes(where, partial(self._substitutes.make, kind, max_length=target.max_length))
        return Rule(_of_text(unique.replace), spare=unique.spare)


class UniqueSubstitutes:
    """Substitutes for a column in which no value may stand twice.

    Args:
        where: the column's name, for messages.
        make: gives the substitute of a value for each ``attempt``.
    """

    def __init__(self, where: str, make: Callable[..., str]) -> None:
        self._where = where
        self._make = make
        self._taken: set[str] = set()
        self._attempts: dict[str, int] = {}

    def replace(self, value: str) -> str:
        """A substitute that no earlier row has."""
        attempt = self._attempts.get(value, 0)
        while (made := self._make(value, attempt=attempt)).casefold() in self._taken:
            attempt += 1
        if attempt:
            # A value may stand in many rows, where an index is unique for some of them only.
            self._attempts[value] = attempt + 1
        self._taken.add(made.casefold())
        return made

    def spare(self, value: str) -> None:
        """Note a value that stays.

        Raises:
            SanitiseError: an earlier row's substitute is the same, which chance all but excludes.
        """
        if value.casefold() in self._taken:
            raise SanitiseError(f"{self._where}: a kept value equals a substitute; run again, with a new random key")
        self._taken.add(value.casefold())


def _of_text(replace: Callable[[str], str | None]) -> Replace:
    """Let a rule see texts instead of bytes."""

    def of_bytes(value: bytes) -> bytes | None:
        replaced = replace(value.decode())
        return None if replaced is None else replaced.encode()

    return of_bytes


def url_without_query(url: str) -> str:
    """A URL up to its first question mark."""
    return url.partition("?")[0]


def _has_no_query(field: bytes) -> bool:
    return b"?" not in field


def _insist_on_room(where: str, kind: str, needed: int, target: Target) -> None:
    if target.max_length is not None and needed > target.max_length:
        raise CatalogueRefusal(
            f"{where} takes {target.max_length} characters, and its rule {kind} needs {needed}. Nothing was written. "
            "Choose another rule in the catalogue, or a shorter value in the settings."
        )
