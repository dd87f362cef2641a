"""What `manage.py seed` fills a database with."""

import base64
import json
import zlib
from collections import Counter
from pathlib import Path

import pytest

from bc_pipelines.sandbox.site.seed.people import Planted, planted
from bc_pipelines_tests.sandbox.site.copies import HOSTS, SCALE, SEED, Copy

FILE_COLUMNS = (
    ("images_customimage", "file"),
    ("images_rendition", "file"),
    ("documents_customdocument", "file"),
    ("wagtailusers_userprofile", "avatar"),
    ("wagtailcore_uploadedfile", "file"),
    ("wagtail_transfer_importedfile", "file"),
)

COLUMN = "SELECT {}::text FROM {}"
HOSTS_OF_SETTINGS = "SELECT hostname FROM {} JOIN wagtailcore_site ON site_id = wagtailcore_site.id"


@pytest.fixture(scope="module")
def people() -> Planted:
    """Everybody who is planted in the seeded databases."""
    return planted(SEED, SCALE)


def dumped(copy: Copy) -> list[list[str]]:
    """All rows of a database by table; where PostgreSQL put a row in its file is left out, and so is a random word."""
    done = copy.cluster.run("pg_dump", "--data-only", database=copy.database)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.decode().splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    return [sorted(block.splitlines()) for block in "\n".join(lines).split("\nCOPY ")]


def column(copy: Copy, table: str, name: str) -> list[str]:
    """The values of a column as text."""
    return [str(value) for (value,) in copy.rows(COLUMN.format(name, table))]


def test_same_seed_same_rows(twins: tuple[Copy, Copy]) -> None:
    """Two databases seeded with the same figures are the same, row by row."""
    assert dumped(twins[0]) == dumped(twins[1])


def test_same_seed_same_files(twins: tuple[Copy, Copy]) -> None:
    """So are the files beside them."""

    def files(folder: Path) -> dict[Path, bytes]:
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert files(twins[0].media) == files(twins[1].media) != {}


def test_every_named_file_exists(seeded: Copy) -> None:
    """Images, renditions, documents, avatars, unfinished uploads and imports have their file where their row says."""
    named = {name for table, field in FILE_COLUMNS for name in column(seeded, table, field) if name}
    kept = {path.relative_to(seeded.media).as_posix() for path in seeded.media.rglob("*") if path.is_file()}
    assert named == kept


def test_a_full_database_is_refused(seeded: Copy) -> None:
    """Seeding twice stops with a sentence and leaves the database as it is."""
    done = seeded.manage("seed")
    assert done.returncode == 1
    assert "already holds a site" in done.stderr
    assert len(column(seeded, "wagtailcore_site", "hostname")) == len(HOSTS)


def test_site_records(seeded: Copy) -> None:
    """Five Site records stand on production's hosts, one of them the default, each with its own settings."""
    sites = seeded.rows("SELECT hostname, port, is_default_site, site_name, root_page_id FROM wagtailcore_site")
    assert {(host, port) for host, port, *_ in sites} == {(host, 443) for host in HOSTS}
    assert [host for host, _, default, *_ in sites if default] == [HOSTS[0]]
    assert len({name for *_, name, _ in sites}) == len({root for *_, root in sites}) == len(HOSTS)
    for table in (
        "navigation_navigationsettings",
        "utils_importantpages",
        "utils_socialmediasettings",
        "utils_systemmessagessettings",
    ):
        attached = seeded.rows(HOSTS_OF_SETTINGS.format(table))
        assert {host for (host,) in attached} == set(HOSTS)


def test_accounts_are_the_planted_ones(seeded: Copy, people: Planted) -> None:
    """Users are the planted staff and outsiders, with real password hashes that all differ."""
    accounts = (*people.staff, *people.outsiders)
    users = seeded.rows("SELECT username, first_name, last_name, email, is_superuser FROM users_user ORDER BY id")
    assert users == [
        (each.username, each.person.first_name, each.person.last_name, each.person.email, each.is_superuser)
        for each in accounts
    ]
    hashes = column(seeded, "users_user", "password")
    assert all(value.startswith("pbkdf2_sha256$") for value in hashes)
    assert len(set(hashes)) == len(accounts)


def test_what_was_sent_in_is_from_the_planted_people(seeded: Copy, people: Planted) -> None:
    """Forms, alerts, feedback and searches name the people who are planted there, and hold their tokens."""
    answers = [json.loads(value) for value in column(seeded, "wagtailforms_formsubmission", "form_data")]
    assert Counter(each["email_address"] for each in answers) == Counter(each.email for each in people.submitters)
    for table, subscribers in (
        ("recruitment_jobalertsubscription", people.job_subscribers),
        ("blogs_blogalertsubscription", people.blog_subscribers),
    ):
        rows = set(zip(column(seeded, table, "email"), column(seeded, table, "token"), strict=True))
        assert rows == {(each.person.email, each.token) for each in subscribers}
    issues = " ".join(column(seeded, "feedback_feedbackcomment", "issue"))
    assert all(each.name in issues for each in people.complainants)
    queries = " ".join(column(seeded, "wagtailsearchpromotions_query", "query_string"))
    assert all(any(word.lower() in queries for word in (p.name, p.email, p.phone)) for p in people.searchers)


def test_comments_stand_in_four_places(seeded: Copy, people: Planted) -> None:
    """What editors say of somebody is in the comment, the revision, the page's log and the workflow's remark."""
    for statement in (
        "SELECT text FROM wagtailcore_comment",
        "SELECT content -> 'wagtail_admin_comments' FROM wagtailcore_revision",
        "SELECT data -> 'comment' FROM wagtailcore_pagelogentry",
        "SELECT comment FROM wagtailcore_taskstate",
    ):
        text = json.dumps(seeded.rows(statement))
        assert any(person.name in text for person in people.mentioned), statement


def test_stream_fields_are_json_inside_json(seeded: Copy) -> None:
    """A revision keeps the body of a page as text that is itself JSON, and some link to production's host."""
    bodies = [body for (body,) in seeded.rows("SELECT content ->> 'body' FROM wagtailcore_revision") if body]
    blocks = [block for body in bodies if str(body).startswith("[") for block in json.loads(str(body))]
    assert {"paragraph", "heading", "picture", "document", "contact"} <= {block["type"] for block in blocks}
    assert any(f"https://{HOSTS[0]}/" in str(block["value"]) for block in blocks)


def test_sessions_hold_case_references(seeded: Copy, people: Planted) -> None:
    """Sessions are signed, compressed JSON; those of visitors hold the reference of their case."""
    references = set()
    for value in column(seeded, "django_session", "session_data"):
        packed = value.split(":")[0]
        text = packed.lstrip(".")
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        session = json.loads(zlib.decompress(content) if packed.startswith(".") else content)
        references.add(session.get("case_reference"))
    assert references == {*people.case_references, None}


def test_secrets_of_views_are_plain_text(seeded: Copy, people: Planted) -> None:
    """Private pages and collections keep their shared passwords as they are."""
    pages = column(seeded, "wagtailcore_pageviewrestriction", "password")
    collections = column(seeded, "wagtailcore_collectionviewrestriction", "password")
    assert set(people.view_passwords) == {*pages, *collections} - {""}


def test_scale_multiplies_only_what_the_public_sends(seeded: Copy) -> None:
    """At this scale there are so many times the submissions, and as many accounts and sites as at any other."""
    usual = planted(SEED, 1)
    assert len(column(seeded, "wagtailforms_formsubmission", "id")) == SCALE * len(usual.submitters)
    assert len(column(seeded, "feedback_feedbackcomment", "id")) == SCALE * len(usual.complainants)
    assert len(column(seeded, "users_user", "id")) == len(usual.staff) + len(usual.outsiders)
