"""Fills the database, one area after the other."""

import random
from collections.abc import Sequence
from datetime import timedelta

from django.core.management import call_command
from django.db import connection, transaction
from wagtail.models import Page

from bc_pipelines.sandbox.site.seed import accounts, files, history, indexes, sites, submissions, traces
from bc_pipelines.sandbox.site.seed.clock import TODAY, stopped_clock
from bc_pipelines.sandbox.site.seed.people import planted
from bc_pipelines.sandbox.site.seed.tree import Tree
from bc_pipelines.sandbox.site.users.models import User


class NotSeedable(Exception):
    """The database has no tables yet, or already holds a site."""


def fill(seed: int, scale: int, hosts: Sequence[str]) -> dict[str, int]:
    """Fills a migrated database that holds no site yet.

    Args:
        seed: the number that everything random is drawn from.
        scale: how many times the usual number of people sent something in, at least 1.
        hosts: production's host names, in the order of `sites.SITES`.

    Returns:
        How many of each there are: pages, accounts, submissions.

    Raises:
        NotSeedable: if the database is not migrated or has users already. Nothing has been changed.
        ValueError: if scale is below 1 or the number of hosts is wrong. Nothing has been changed.
    """
    if User._meta.db_table not in connection.introspection.table_names():
        raise NotSeedable("This database has no tables yet: run `manage.py migrate` first.")
    if User.objects.exists():
        raise NotSeedable("This database already holds a site: seed an empty one.")
    people = planted(seed, scale)

    def dice(area: str) -> random.Random:
        # One stream an area, so that a change in one leaves the others as they are.
        return random.Random(f"{seed}/{area}")  # noqa: S311 -- nothing here is a secret

    call_command("createcachetable", verbosity=0)
    # Wagtail updates its indexes on commit, so the commit too must lie within `postponed`.
    with indexes.postponed(), transaction.atomic(), stopped_clock(TODAY) as clock:
        users = accounts.create(dice("accounts"), people)
        media = files.create(dice("files"), users, people)
        clock.forward(days=-300)
        tree = Tree(dice("pages"), clock, users, media, people, hosts[0])
        made = sites.create(tree, hosts)
        history.create(dice("history"), clock, users, media, people, made.pages)
        clock.forward(seconds=(TODAY - clock.time) / timedelta(seconds=1))
        submissions.create(dice("submissions"), people, made.pages, hosts[0])
        traces.create(dice("traces"), users, people, made.records, made.pages)
    with stopped_clock(TODAY):
        indexes.build()
    traces.fill_cache(people)
    return {
        "pages": Page.objects.count() - 1,
        "accounts": len(users.staff) + len(users.outsiders),
        "submissions": len(people.submitters),
    }
