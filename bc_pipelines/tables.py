"""Reading one table of `environments.toml`, or one environment variable, strictly.

Belongs here: taking a text, a list or a flag out of a table and refusing whatever nobody reads. Does not belong here:
what the tables and variables are called and what they mean (see `settings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what to write."""


def only(table: object, where: str, *known: str) -> Mapping[str, Any]:
    """Give a table, and refuse what nobody reads: a misspelt key would otherwise mean its default."""
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where} must be one table of settings.")
    unknown = table.keys() - set(known)
    if unknown:
        raise SettingsError(f"{where} has unknown keys: {', '.join(sorted(unknown))}.")
    return table


def flag(table: Mapping[str, Any], key: str, where: str) -> bool:
    """True or false; false where the key is missing."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise SettingsError(f"{where}.{key} must be true or false, without quotes.")
    return value


def texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """A list of texts; empty where the key is missing."""
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SettingsError(f'{where}.{key} must be a list of texts, as ["one", "two"].')
    return tuple(values)


def required(variables: Mapping[str, str], name: str, meaning: str) -> str:
    """The value of an environment variable that must be set."""
    value = variables.get(name)
    if not value:
        raise SettingsError(f"The environment variable {name} is not set; it holds {meaning}.")
    return value


def text(table: Mapping[str, Any], key: str, where: str) -> str:
    """A text that must be there and not be empty."""
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"environments.toml: {where}.{key} is missing or not a text.")
    return value
