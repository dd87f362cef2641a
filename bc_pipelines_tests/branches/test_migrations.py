"""Apps whose migrations do not come together, found in a real repository, and held to what Django itself finds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines.branches.migrations import Clash, clashes
from bc_pipelines_tests.branches.remote import Remote, migration

FOLDER = "bc/news/migrations"
FIRST = {f"{FOLDER}/__init__.py": "", f"{FOLDER}/0001_initial.py": migration(("users", "0001_initial"))}
AFTER_FIRST = migration(("news", "0001_initial"))
# What Django says of the same files: whether two of an app are last.
ASK_DJANGO = """
import sys
import django
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
sys.path.insert(0, sys.argv[1])
settings.configure(INSTALLED_APPS=["bc.users", "bc.news"])
django.setup()
for app, ends in MigrationLoader(None).detect_conflicts().items():
    print(app, *sorted(ends))
"""


def of(remote: Remote, **branches: dict[str, str]) -> tuple[Clash, ...]:
    """What is found once branches with these files are merged into the main one, which has the first migration."""
    main = remote.commit("master", FIRST, remote.refs()["refs/heads/master"])
    tips = [(name, remote.commit(name, files, main)) for name, files in branches.items()]
    everything = {path: text for files in branches.values() for path, text in files.items()}
    tip = remote.commit("new", everything, main)
    with remote.copy() as git:
        return clashes(git, main, tip, tips)


def test_two_last_ones_are_a_clash(remote: Remote) -> None:
    """Named with the branches that brought them."""
    found = of(remote, red={f"{FOLDER}/0002_red.py": AFTER_FIRST}, blue={f"{FOLDER}/0002_blue.py": AFTER_FIRST})
    assert found == (Clash(FOLDER, ("0002_blue", "0002_red"), ("red", "blue")),)


def test_one_after_the_other_is_none(remote: Remote) -> None:
    """Nor is a branch without a migration, nor a migration that joins two."""
    after_red = migration(("news", "0002_red"))
    assert of(remote, red={f"{FOLDER}/0002_red.py": AFTER_FIRST}, more={f"{FOLDER}/0003_more.py": after_red}) == ()
    assert of(remote, words={"words.txt": "new\n"}) == ()
    joins = migration(("news", "0002_red"), ("news", "0002_blue"))
    red, blue = ({f"{FOLDER}/0002_{name}.py": AFTER_FIRST} for name in ("red", "blue"))
    assert of(remote, red=red, blue=blue, joins={f"{FOLDER}/0003_merge.py": joins}) == ()


def test_what_the_main_branch_has_already_is_not_the_branches(remote: Remote) -> None:
    """An app that nobody installs may have any migrations; the branch that only comes near it is not blamed."""
    old = {f"bc/old/migrations/{name}.py": migration() for name in ("0001_a", "0001_b")}
    remote.commit("master", old, remote.refs()["refs/heads/master"])
    assert of(remote, near={"bc/old/migrations/helpers.txt": "x\n", "bc/old/migrations/__init__.py": "\n"}) == ()


def test_an_app_with_a_label_of_its_own(remote: Remote) -> None:
    """Dependencies name the label, which need not be the folder's name."""
    first, second = migration(), migration(("council_news", "0001_initial"))
    place = "bc/press/migrations"
    files = {f"{place}/0001_initial.py": first, f"{place}/0002_next.py": second}
    assert of(remote, press=files) == ()
    third = {f"{place}/0002_other.py": second}
    assert [clash.ends for clash in of(remote, press=files, third=third)] == [("0002_next", "0002_other")]


@pytest.mark.parametrize(
    "text",
    [
        "class Migration(:\n",
        "class Migration:\n    dependencies = [*OTHERS]\n",
        "class Migration:\n    dependencies = find()\n",
        "class Migration:\n    dependencies = []\n    dependencies += [('news', '0001_initial')]\n",
        "class Migration:\n    if True:\n        dependencies = [('news', '0001_initial')]\n",
        "x = 1\n" * 200_000,
    ],
    ids=["no Python", "unpacked", "computed", "added to", "under a condition", "too long"],
)
def test_nothing_is_said_of_what_cannot_be_read(remote: Remote, text: str) -> None:
    """A reset is not stopped on a guess: Django itself is asked later."""
    assert of(remote, odd={f"{FOLDER}/0002_odd.py": text, f"{FOLDER}/0002_other.py": AFTER_FIRST}) == ()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"0002_red": AFTER_FIRST, "0002_blue": AFTER_FIRST}, "news 0002_blue 0002_red\n"),
        ({"0002_red": AFTER_FIRST, "0003_blue": migration(("news", "0002_red"))}, ""),
        (
            {
                "0002_a": AFTER_FIRST,
                "0003_b": migration(("news", "0002_a")),
                "0002_squashed": migration(("news", "0001_initial"), replaces=(("news", "0002_a"), ("news", "0003_b"))),
                "0004_c": migration(("news", "0003_b")),
            },
            "",
        ),
        (
            {
                "0002_a": AFTER_FIRST,
                "0002_squashed": migration(("news", "0001_initial"), replaces=(("news", "0002_a"),)),
                "0003_b": migration(("news", "0002_a")),
                "0003_c": migration(("news", "0002_squashed")),
            },
            "news 0003_b 0003_c\n",
        ),
        ({"_helpers": "WORDS = 3\n", "0002_red": AFTER_FIRST.replace("dependencies =", "dependencies: list =")}, ""),
        (
            {
                "0002_user": AFTER_FIRST.replace("dependencies = [", "dependencies = [\n        swap('users.User'), "),
                "0003_next": migration(("news", "0002_user")),
            },
            "",
        ),
    ],
    ids=["two last", "in a row", "squashed", "two after a squashed one", "typed, and a helper", "of the users' model"],
)
def test_django_says_the_same(remote: Remote, tmp_path: Path, more: dict[str, str], expected: str) -> None:
    """The same files as a site: Django's loader names the same apps and migrations."""
    swap = "from django.db import migrations\n\n\ndef swap(name):\n    return ('users', '0001_initial')\n\n\n"
    more = {name: text.replace("from django.db import migrations\n", swap, 1) for name, text in more.items()}
    files = {f"{FOLDER}/{name}.py": text for name, text in more.items()}
    found = of(remote, all=files)
    users = {"bc/users/migrations/__init__.py": "", "bc/users/migrations/0001_initial.py": migration()}
    packages = dict.fromkeys(("bc/__init__.py", "bc/news/__init__.py", "bc/users/__init__.py"), "")
    for path, text in {**FIRST, **files, **users, **packages}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    command = (sys.executable, "-c", ASK_DJANGO, str(tmp_path))
    asked = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    assert asked.stdout == expected
    assert "".join(f"news {' '.join(clash.ends)}\n" for clash in found) == expected
