"""A small site for the tests of `bucks archive`: a few tables of the council's, invented people, and what can go wrong.

The proof of a sanitised copy of ``SITE`` passes. With ``NEW_IN_THE_SITE`` it is refused, because the catalogue does not
know everything in it; with a leaky catalogue the proof fails.
"""

from pathlib import Path

from bc_pipelines.privacy.catalogue import DEFAULT
from bc_pipelines_tests.postgres import Cluster

STAFF_DOMAIN = "buckinghamshire.example"
PEOPLE = ("ann.visitor@residents.example", "bo.visitor@residents.example", "visitor-bo", "01632 960123")
"""Texts that must not be printed, nor be in a sanitised copy."""

SITE = """
    CREATE TABLE users_user (
        id integer PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz, is_superuser boolean NOT NULL,
        username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL,
        email varchar(254) NOT NULL, is_staff boolean NOT NULL, is_active boolean NOT NULL, date_joined timestamptz);
    CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150) NOT NULL UNIQUE);
    CREATE TABLE feedback_feedbackcomment (
        id integer PRIMARY KEY, created timestamptz, action text, issue text, page_id integer,
        original_url varchar(2048));
    INSERT INTO users_user SELECT n, 'pbkdf2_sha256$600000$salt$' || md5(n::text), now(), false, name || n, 'Ann',
        'Visitor', name || '@' || domain, false, true, now()
        FROM (VALUES (1, 'edith.editor', 'buckinghamshire.example'), (2, 'bo.visitor', 'residents.example'))
            people (n, name, domain);
    UPDATE users_user SET username = 'visitor-bo' WHERE id = 2;
    INSERT INTO auth_group VALUES (1, 'Editors'), (2, 'Moderators');
    INSERT INTO feedback_feedbackcomment
        SELECT n, now(), 'My number is 01632 960123, write to ann.visitor@residents.example',
            md5(n::text), n, ''
        FROM generate_series(1, 300) n;
"""
NEW_IN_THE_SITE = """
    CREATE TABLE complaints (id bigint PRIMARY KEY, sender_email varchar(254), details text);
    ALTER TABLE users_user ADD COLUMN mobile varchar(20), ADD COLUMN shoe_size integer;
    UPDATE users_user SET mobile = '01632 960123';
    INSERT INTO complaints
        SELECT n, 'bo.visitor@residents.example', 'Nobody has emptied my bins since Monday'
        FROM generate_series(1, 9) n;
"""
BULK = "CREATE TABLE bulk AS SELECT md5(n::text) FROM generate_series(1, 100000) n"
"""Some megabytes that do not compress well."""


def leaky_catalogue(path: Path) -> Path:
    """The site's catalogue, but that it keeps everybody's user name.

    Args:
        path: where it goes.
    """
    text = DEFAULT.read_text(encoding="utf-8")
    leaky = text.replace('staging = "username unless staff", local = "username"', 'staging = "keep", local = "keep"')
    assert leaky != text
    path.write_text(leaky, encoding="utf-8")
    return path


def dump_site(cluster: Cluster, path: Path, *statements: str) -> Path:
    """Dump the small site.

    Args:
        cluster: a running server.
        path: where the archive goes.
        statements: SQL to run before.
    """
    cluster.create_database("site")
    for statement in (SITE, *statements):
        cluster.execute(statement, database="site")
    return cluster.dump(path, database="site")
