"""Migrations of branches that did not know each other: an app with two last ones, which Django refuses to migrate.

Read without running any of the site's code: which files there are, and what each writes down of `dependencies` and
`replaces`. Belongs here: what `makemigrations --check` calls conflicting, before anything is pushed. Does not belong
here: models that lack a migration, for which the site itself must be asked (see `checks.migrations`).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bc_pipelines.branches.git import Git

# A migration is a few kilobytes.
_LONGEST = 1 << 20
# Django's loader passes over modules that begin with one of these (django.db.migrations.loader).
_MIGRATION = re.compile(r"((?:.*/)?([^/]+)/migrations)/([^/_~][^/]*)\.py", re.DOTALL)

_Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Clash:
    """An app with several last migrations.

    Attributes:
        folder: of its migrations.
        ends: names of the last ones, without `.py`.
        branches: those that brought one of them.
    """

    folder: str
    ends: tuple[str, ...]
    branches: tuple[str, ...]


@dataclass(frozen=True)
class _Migration:
    depends: _Pairs
    replaces: _Pairs


def clashes(git: Git, main: str, tip: str, branches: Iterable[tuple[str, str]]) -> tuple[Clash, ...]:
    """Find the apps whose migrations do not come together in a commit, and did in the one that it is made from.

    Args:
        git: on a copy that has all the commits.
        main: the commit that branches were merged into.
        tip: what came of it.
        branches: name and tip of each that was merged.
    """
    changed = git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", main, tip).text.split("\0")
    folders = sorted({found[1] for path in changed if (found := _MIGRATION.fullmatch(path))})
    if not folders:
        return ()
    now, before = _ends(git, tip, folders), _ends(git, main, folders)
    clashing = {folder: ends for folder, ends in now.items() if len(ends) > 1 and ends != before.get(folder)}
    merged = tuple(branches)
    return tuple(Clash(folder, ends, _brought(git, main, folder, ends, merged)) for folder, ends in clashing.items())


def _brought(
    git: Git, main: str, folder: str, ends: tuple[str, ...], branches: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    paths = [f"{folder}/{end}.py" for end in ends]
    new = set(paths) - _there(git, main, paths)
    return tuple(name for name, tip in branches if new & _there(git, tip, paths))


def _there(git: Git, commit: str, paths: list[str]) -> set[str]:
    return set(git.run("ls-tree", "-z", "--name-only", commit, *paths).text.split("\0"))


def _ends(git: Git, commit: str, folders: list[str]) -> Mapping[str, tuple[str, ...]]:
    """By folder, the migrations that no other one of it depends on; without folders that cannot be understood."""
    listed = git.run("ls-tree", "-z", commit, *(f"{folder}/" for folder in folders)).text.split("\0")
    found: dict[str, dict[str, str]] = {}
    for line in listed:
        kind, _, path = line.partition("\t")
        if (place := _MIGRATION.fullmatch(path)) and kind.split()[1] == "blob":
            found.setdefault(place[1], {})[place[3]] = kind.split()[2]
    texts = _texts(git, [blob for names in found.values() for blob in names.values()])
    read = {folder: {name: _read(texts[blob]) for name, blob in names.items()} for folder, names in found.items()}
    return {
        folder: _last(folder, {name: each for name, each in names.items() if each is not None})
        for folder, names in read.items()
        if None not in names.values()
    }


def _texts(git: Git, blobs: list[str]) -> Mapping[str, bytes]:
    """The content of many files by one command (git-cat-file(1), "BATCH OUTPUT")."""
    out, place, texts = git.run("cat-file", "--batch", stdin="\n".join(blobs).encode()).out, 0, dict[str, bytes]()
    for blob in blobs:
        end = out.index(b"\n", place)
        size = int(out[place:end].split()[2])
        texts[blob] = out[end + 1 : end + 1 + size]
        place = end + size + 2
    return texts


def _read(text: bytes) -> _Migration | None:
    """What a file says of its migration; None where that is not written down literally."""
    if len(text) > _LONGEST:
        return None
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    said: dict[str, _Pairs] = {"dependencies": (), "replaces": ()}
    for each in (node for node in body if isinstance(node, ast.ClassDef) and node.name == "Migration"):
        for node in each.body:
            for name in said.keys() & _assigned(node):
                pairs = _literal(node)
                if pairs is None:
                    return None
                said[name] = pairs
    return _Migration(said["dependencies"], said["replaces"])


def _assigned(node: ast.stmt) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _literal(node: ast.stmt) -> _Pairs | None:
    """The pairs of a list that is assigned as it stands; calls in it lead to other apps."""
    match node:
        case ast.Assign(value=ast.List(elts=parts) | ast.Tuple(elts=parts)):
            pass
        case ast.AnnAssign(value=ast.List(elts=parts) | ast.Tuple(elts=parts)):
            pass
        case _:
            return None
    if any(isinstance(part, ast.Starred) for part in parts):
        return None
    return tuple(pair for part in parts if (pair := _pair(part)))


def _pair(node: ast.expr) -> tuple[str, str] | None:
    """An app's label and a migration's name; None for a call, such as one that leads to the model of users."""
    match node:
        case ast.Tuple(elts=[ast.Constant(value=str(label)), ast.Constant(value=str(name))]):
            return label, name
    return None


def _last(folder: str, read: Mapping[str, _Migration]) -> tuple[str, ...]:
    """The migrations of an app that none of it follows; one that others were squashed into stands for them."""
    label = _label(folder, read)
    instead = {
        name: squashed
        for squashed, migration in read.items()
        for of, name in migration.replaces
        if of == label and squashed != name
    }
    followed = {
        instead.get(name, name)
        for after, migration in read.items()
        for of, name in migration.depends
        if of == label and instead.get(name, name) != instead.get(after, after)
    }
    return tuple(sorted(name for name in read if name not in followed and name not in instead))


def _label(folder: str, read: Mapping[str, _Migration]) -> str:
    """What the app is called in dependencies: mostly as its folder, else what they name most often of its own."""
    usual = folder.split("/")[-2]
    named = Counter(of for each in read.values() for of, name in each.depends if name in read)
    return usual if usual in named or not named else named.most_common(1)[0][0]
