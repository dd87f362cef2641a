"""Which migrations a developer's checkout has that a pulled database has not.

Belongs here: reading the files of the site's own apps, as text. Does not belong here: running any of the site's code.
Packages that the site installs have migrations too; those are not looked at.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

# Installed packages and the like: not the site's own apps. A folder that begins with a dot is none either.
_OTHERS = frozenset({"node_modules", "site-packages", "venv", "env", "static", "media"})
Name = tuple[str, str]


@dataclass(frozen=True)
class _Migration:
    name: Name
    replaces: frozenset[Name]


def is_checkout(folder: Path) -> bool:
    """Whether a folder is the checkout of a Django site: it has a `manage.py` that names Django's settings."""
    try:
        return "DJANGO_SETTINGS_MODULE" in (folder / "manage.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def needed_by(checkout: Path, applied: Collection[Name]) -> tuple[str, ...]:
    """Migrations that the checkout has and the database has not.

    Args:
        checkout: the site's folder.
        applied: app label and name of each migration that the database has; from `django_migrations`.

    Returns:
        As `app.name`, sorted; empty where the folder is no checkout of a Django site. A squashed migration and those
        that it replaces are told apart as Django's loader does (`MigrationLoader.build_graph`): it counts as applied
        when they all are, it stands for them when none is, and is left out when only some are.
    """
    if not is_checkout(checkout) or not applied:
        return ()
    found = {each.name: each for each in _migrations(checkout)}
    needed = found.keys() - set(applied)
    for each in found.values():
        if each.replaces & set(applied):
            needed.discard(each.name)
        elif each.name in needed:
            needed -= each.replaces
    return tuple(f"{label}.{name}" for label, name in sorted(needed))


def _migrations(checkout: Path) -> Iterator[_Migration]:
    for folder, subfolders, files in os.walk(checkout):
        environment = "pyvenv.cfg" in files
        subfolders[:] = [each for each in subfolders if not (environment or each in _OTHERS or each.startswith("."))]
        place = Path(folder)
        if place.name != "migrations" or "__init__.py" not in files:
            continue
        label = _label(place.parent)
        for file in files:
            # As Django's loader does: these are not migrations.
            if file.endswith(".py") and file[0] not in "_~":
                yield from _read(place / file, label)


def _label(app: Path) -> str:
    """An app's label: what its `apps.py` says, or the last part of its name (Django, AppConfig.label)."""
    for node in ast.walk(_parsed(app / "apps.py")):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign) and _names(statement) == ["label"]:
                    value = statement.value
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        return value.value
    return app.name


def _read(file: Path, label: str) -> Iterator[_Migration]:
    for node in _parsed(file).body:
        if isinstance(node, ast.ClassDef) and node.name == "Migration":
            yield _Migration((label, file.stem), _replaces(node))


def _replaces(migration: ast.ClassDef) -> frozenset[Name]:
    for statement in migration.body:
        if isinstance(statement, ast.Assign) and _names(statement) == ["replaces"]:
            try:
                return frozenset((str(label), str(name)) for label, name in ast.literal_eval(statement.value))
            except (TypeError, ValueError):
                break
    return frozenset()


def _names(statement: ast.Assign) -> list[str]:
    return [target.id for target in statement.targets if isinstance(target, ast.Name)]


def _parsed(file: Path) -> ast.Module:
    """A file as Python reads it; an empty one where it cannot be read."""
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])
