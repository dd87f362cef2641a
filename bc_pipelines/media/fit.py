"""Which keys a folder can hold, told by name before anything is written. Nothing is ever renamed silently.

Does not belong here: reading a folder (folder.py); deciding what to do about such keys, which is the guard's.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bc_pipelines.media.folder import PARTIAL, Folder
from bc_pipelines.media.listing import Item
from bc_pipelines.media.plan import Action, Plan

LONGEST_NAME = 255
"""In bytes, on the usual file systems of Linux, macOS and Windows."""


@dataclass
class Fitting:
    """A listing that passes as it is, while keys are noted that a folder cannot hold.

    Takes about 100 bytes of memory a key, for telling those that differ in case or in Unicode's form alone.

    Attributes:
        items: the listing, in the order of keys.
        left_out: keys that will not be copied, so that they need not fit.
        unfit: once it was iterated over, keys that no folder can hold beside the others, each with the reason.
        twins: the same for keys that are one name to macOS and Windows, and two to Linux.
    """

    items: Iterable[Item]
    left_out: frozenset[str] = frozenset()
    unfit: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Item]:
        folded: set[int] = set()
        above: list[str] = []
        for item in self.items:
            key = item.key
            if key not in self.left_out:
                # In the order of keys, all that begins with a file's name comes after it, with nothing else between.
                while above and not key.startswith(above[-1]):
                    above.pop()
                if reason := _unfit(key) or _below_a_file(key, above):
                    self.unfit[key] = reason
                above.append(key)
                # The hash, not the name: a million names would be a quarter of a gigabyte.
                name = hash(unicodedata.normalize("NFC", unicodedata.normalize("NFC", key).casefold()))
                if name in folded:
                    self.twins[key] = "another key is the same but for case or Unicode's form"
                folded.add(name)
            yield item


def in_the_way(plan: Plan, folder: Folder) -> dict[str, str]:
    """Find what stands in a folder where a plan would put a file, or leads out of it.

    Args:
        plan: whose target the folder is.
        folder: the folder.

    Returns:
        Keys that cannot be written, each with the reason.
    """
    found: dict[str, str] = {}
    known: dict[str, str] = {"": ""}
    for change in plan.of(Action.COPY, Action.REPLACE):
        above = change.key.rpartition("/")[0]
        reason = _not_a_folder(folder, above, known)
        if not reason and change.action is Action.COPY and folder.file(change.key).is_dir():
            reason = "a folder has that name; remove it"
        if reason:
            found[change.key] = reason
    return found


def _not_a_folder(folder: Folder, name: str, known: dict[str, str]) -> str:
    """Why nothing can be put below a name; nothing if it can. What was found out is remembered."""
    if name not in known:
        reason = _not_a_folder(folder, name.rpartition("/")[0], known)
        if not reason:
            try:
                mode = os.lstat(folder.file(name)).st_mode
            except FileNotFoundError:
                mode = stat.S_IFDIR
            if stat.S_ISLNK(mode):
                reason = f"{name} is a link; put a folder in its place"
            elif not stat.S_ISDIR(mode):
                reason = f"{name} is a file; remove it"
        known[name] = reason
    return known[name]


def _unfit(key: str) -> str:
    """Why no folder can hold a key; nothing if it can."""
    segments = key.split("/")
    if key.startswith("/"):
        return "begins with a slash"
    if key.endswith("/"):
        return "ends with a slash"
    if "" in segments:
        return "two slashes"
    if "." in segments or ".." in segments:
        return "a segment of dots"
    if "\n" in key or "\0" in key:
        return "a line break or NUL"
    if max(len(segment.encode("utf-8", "surrogateescape")) for segment in segments) > LONGEST_NAME:
        return f"a segment longer than {LONGEST_NAME} bytes"
    return "a name of half-downloaded files" if PARTIAL.search(key.encode("utf-8", "surrogateescape")) else ""


def _below_a_file(key: str, above: Iterable[str]) -> str:
    return next((f"{file} is a key too" for file in above if key[len(file) :].startswith("/")), "")
