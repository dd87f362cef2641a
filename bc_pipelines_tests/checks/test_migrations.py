"""What the runbook's `makemigrations --check` says, by a real Django on three small sites, and what is made of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines.checks.migrations import MARK, none_is_missing, program

MODELS = "from django.db import models\n\n\nclass Shelf(models.Model):\n    name = models.CharField(max_length=9)\n"
FIRST = """\
from django.db import migrations, models

class Migration(migrations.Migration):
    initial, dependencies = True, []
    operations = [migrations.CreateModel("Shelf", [
        ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("name", models.CharField(max_length=9)),
    ])]
"""
NEXT = """\
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]
    operations = []
"""


def asked(folder: Path, models: str, **migrations: str) -> str:
    """What the program prints in a site with one app."""
    app = folder / "library"
    (app / "migrations").mkdir(parents=True)
    files = {"__init__": "", "migrations/__init__": "", "models": models, "migrations/0001_initial": FIRST}
    files |= {f"migrations/{name}": text for name, text in migrations.items()}
    for name, text in files.items():
        (app / f"{name}.py").write_text(text, encoding="utf-8")
    settings = "SECRET_KEY = 'x'\nINSTALLED_APPS = ['library']\nDEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\n"
    databases = "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n"
    (folder / "site_settings.py").write_text(settings + databases, encoding="utf-8")
    variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "django", "shell", "-c", f"exec({program()!r})"]
    done = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return f"something else\n{done.stdout}"


def test_nothing_is_missing(tmp_path: Path) -> None:
    """The models are what the migrations make."""
    verdict = none_is_missing(asked(tmp_path, MODELS))
    assert verdict.passed, verdict.summary


def test_a_changed_model_without_a_migration(tmp_path: Path) -> None:
    """The app is named, nothing is written, and it only warns."""
    verdict = none_is_missing(asked(tmp_path, MODELS.replace("=9", "=10")))
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert "without a migration, in: library." in verdict.summary
    assert len(list((tmp_path / "library" / "migrations").glob("0*"))) == 1


def test_two_branches_with_a_migration_each(tmp_path: Path) -> None:
    """Both are named: the merge migration that the runbook asks about."""
    verdict = none_is_missing(asked(tmp_path, MODELS, **{"0002_ours": NEXT, "0002_theirs": NEXT}))
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert "0002_ours" in verdict.summary
    assert "0002_theirs in library. Run ./manage.py makemigrations --merge" in verdict.summary


@pytest.mark.parametrize("output", ["", "x", f"{MARK}x", f"{MARK}[]", f'{MARK}{{"error": "OperationalError"}}'])
def test_no_answer_is_not_taken_for_a_good_one(output: str) -> None:
    """Nothing that can be read, or an error: a warning to look by hand."""
    verdict = none_is_missing(output)
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert "gave no answer" in verdict.summary
