"""Rewriting JSON by path. A text inside JSON that is JSON itself, such as a StreamField's, is rewritten like the rest.

Everything that a rule does not name stays as it is, numbers to the last digit.
"""

import json
import re
import secrets
from typing import TypeAlias

from bc_pipelines.privacy.entries import JsonRule

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

# Long texts in JSON are cheap, but each value of it costs Python about a hundred bytes, however short it is written.
_MOST_VALUES = 1_000_000

# An escape of a printable ASCII character, which could spell a key's name in another way.
_HIDDEN_LETTER = re.compile(rb"\\u00[2-7]")


class UnreadableJson(ValueError):
    """A value is no JSON, or JSON that says two things at once. Carries no part of the value."""


class JsonRewriter:
    """One ``[json.NAME]`` of the catalogue, ready to be applied.

    Args:
        rule: what to do.
        mail_sink: the address that replaces others.
    """

    def __init__(self, rule: JsonRule, mail_sink: str) -> None:
        self._rule = rule
        self._sink = mail_sink
        # How a harmless key looks in PostgreSQL's output of jsonb: already empty.
        self._harmless = [(key.encode(), f'{key}": []'.encode()) for key in sorted(rule.empty)]
        self._harmless += [(key.encode(), f'{key}": ""'.encode()) for key in sorted(rule.mail_sink)]

    def __call__(self, text: str) -> str:
        """Rewrite one value.

        Raises:
            UnreadableJson: it cannot be read.
        """
        if sum(map(text.count, ",[{")) > _MOST_VALUES:
            raise UnreadableJson(f"JSON of more than {_MOST_VALUES:,} values")
        try:
            return _encode(self._rewritten(_decode(text)))
        except RecursionError:
            raise UnreadableJson("JSON that is nested too deeply") from None
        except json.JSONDecodeError:
            raise UnreadableJson("not JSON") from None
        except UnreadableJson:
            raise
        except ValueError:
            raise UnreadableJson("JSON with a number of thousands of digits") from None

    def leaves_alone(self, field: bytes) -> bool:
        """Whether a field, still escaped as COPY wrote it, surely holds nothing to rewrite. Cheap."""
        if self._rule.allow is not None:
            return field == b"{}"
        every_key_empty = all(field.count(key) == field.count(empty) for key, empty in self._harmless)
        return every_key_empty and not _HIDDEN_LETTER.search(field)

    def _rewritten(self, value: Json) -> Json:
        if self._rule.allow is not None:
            return _only_allowed(value, self._rule.allow) if isinstance(value, dict) else {}
        return self._walk(value)

    def _walk(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {key: self._member(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            return self._inner(value)
        return value

    def _member(self, key: str, value: Json) -> Json:
        if key in self._rule.empty:
            return _emptied(value)
        if key in self._rule.mail_sink:
            return _redirected(value, self._sink)
        return self._walk(value)

    def _inner(self, text: str) -> str:
        """Rewrite a text that may be JSON; a text that is not, or has nothing to rewrite, stays as it stands."""
        try:
            value = _decode(text)
        except json.JSONDecodeError:
            return text
        rewritten = self._walk(value)
        return text if rewritten == value else _encode(rewritten)


def _emptied(value: Json) -> Json:
    if isinstance(value, list):
        return []
    return "" if isinstance(value, str) else None


def _redirected(value: Json, sink: str) -> Json:
    if isinstance(value, str):
        return sink if value else value
    if isinstance(value, list):
        return [sink] if value else value
    return None


def _only_allowed(value: dict[str, Json], allow: frozenset[tuple[str, ...]]) -> dict[str, Json]:
    """The members that a path leads to: plain values at its end, objects on the way, and nulls."""
    kept: dict[str, Json] = {}
    for key, item in value.items():
        deeper = frozenset(path[1:] for path in allow if path[0] == key and len(path) > 1)
        ends_here = (key,) in allow
        if item is None and (ends_here or deeper):
            kept[key] = None
        elif isinstance(item, dict) and deeper:
            kept[key] = _only_allowed(item, deeper)
        elif isinstance(item, str | int | float | bool) and ends_here:
            kept[key] = item
    return kept


# Numbers with a fraction travel as texts that nobody can have written, so that none of their digits is lost.
_NUMBER = f"number {secrets.token_hex(16)} "
_NUMBER_TEXT = re.compile(f'"{_NUMBER}([^"]+)"')


def _decode(text: str) -> Json:
    value: Json = json.loads(text, parse_float=lambda digits: _NUMBER + digits, object_pairs_hook=_object)
    return value


def _encode(value: Json) -> str:
    return _NUMBER_TEXT.sub(r"\1", json.dumps(value, ensure_ascii=False))


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableJson("JSON in which an object has a key twice")
    return members
