"""What a checkout's own apps need, read from their files as Django would."""

from pathlib import Path

from bc_pipelines.operations.local_migrations import needed_by

PLAIN = "class Migration:\n    pass\n"


def checkout(folder: Path, files: dict[str, str]) -> Path:
    """A site's folder with these files in it."""
    (folder / "manage.py").write_text("DJANGO_SETTINGS_MODULE", encoding="utf-8")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text, encoding="utf-8")
    return folder


def test_an_app_goes_by_the_label_that_it_gives_itself(tmp_path: Path) -> None:
    """The label is the folder's name, or what apps.py says."""
    files = {
        "bc/blogs/migrations/0001_initial.py": PLAIN,
        "bc/news/migrations/0001_initial.py": PLAIN,
        "bc/news/apps.py": "class NewsConfig(AppConfig):\n    name = 'bc.news'\n    label = 'bc_news'\n",
    }
    assert needed_by(checkout(tmp_path, files), {("blogs", "0001_initial")}) == ("bc_news.0001_initial",)


def test_only_the_sites_own_migrations_count(tmp_path: Path) -> None:
    """Helpers, broken files, hidden folders and installed packages, whatever their environment is called, do not."""
    files = {
        "blogs/migrations/_helpers.py": PLAIN,
        "blogs/migrations/notes.py": "print('no migration')",
        "blogs/migrations/0002_broken.py": "class Migration(",
        ".venv/lib/wagtail/migrations/0001_initial.py": PLAIN,
        "own/lib/wagtail/migrations/0001_initial.py": PLAIN,
        "node_modules/x/migrations/0001_initial.py": PLAIN,
    }
    site = checkout(tmp_path, files)
    (site / "own" / "pyvenv.cfg").touch()
    assert needed_by(site, {("blogs", "0001_initial")}) == ()


def test_squashed_migrations_count_as_django_counts_them(tmp_path: Path) -> None:
    """All replaced ones applied: nothing is needed. None: the squashed one. Some: those that are left."""
    squashed = 'class Migration:\n    replaces = [("blogs", "0001_one"), ("blogs", "0002_two")]\n'
    files = {
        "blogs/migrations/0001_one.py": PLAIN,
        "blogs/migrations/0002_two.py": PLAIN,
        "blogs/migrations/0001_squashed.py": squashed,
    }
    site = checkout(tmp_path, files)
    one, two = ("blogs", "0001_one"), ("blogs", "0002_two")
    assert needed_by(site, {one, two}) == ()
    assert needed_by(site, {one}) == ("blogs.0002_two",)
    assert needed_by(site, {("news", "0001_initial")}) == ("blogs.0001_squashed",)


def test_nothing_is_guessed(tmp_path: Path) -> None:
    """No manage.py, or a database without Django's record: no word."""
    site = checkout(tmp_path, {"blogs/migrations/0001_one.py": PLAIN})
    assert needed_by(site, ()) == ()
    (site / "manage.py").unlink()
    assert needed_by(site, {("news", "0001_initial")}) == ()
