"""The site on a sanitised copy of itself: it starts, staff log in and find their history, nobody else gets in."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import PROFILES, Profile
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.sanitiser import sanitise
from bc_pipelines.sandbox.site.seed.people import SANDBOX_PASSWORD, STAFF_DOMAINS, planted
from bc_pipelines_tests.sandbox.site.conftest import succeeded
from bc_pipelines_tests.sandbox.site.copies import HOSTS, SCALE, SEED, Copy
from bc_pipelines_tests.sandbox.site.test_served import post

LOGIN = "/admin/login/"
STAFF = {account.username for account in planted(SEED, SCALE).staff}
USABLE = "from bc_pipelines.sandbox.site.users.models import User;\
print(*sorted(user.username for user in User.objects.all() if user.has_usable_password()), sep='\\n')"

# What an editor opens: the history and the drafts of a page, and what editors chose for redirects and searches.
EDITORS_PAGES = (
    "/admin/",
    "/admin/pages/{page}/",
    "/admin/pages/{page}/edit/",
    "/admin/pages/{page}/history/",
    "/admin/pages/{page}/usage/",
    "/admin/pages/{page}/workflow_history/",
    "/admin/redirects/",
    "/admin/searchpicks/",
    "/admin/images/",
    "/admin/users/",
    "/admin/reports/site-history/",
    "/admin/reports/workflow/",
)


def sanitised(seeded: Copy, profile: Profile, folder: Path) -> Copy:
    """A sanitised copy of the seeded site, restored into a database of its own."""
    raw = seeded.cluster.dump(folder / "raw.dump", database=seeded.database)
    policy = Policy(profile, frozenset(STAFF_DOMAINS), "keep", "sink@staging.example", "open-staging")
    target = folder / "sanitised.dump"
    with raw.open("rb") as source, target.open("wb") as file:
        sanitise(source, file, Catalogue.load(), policy)
    seeded.cluster.restore(target, database=f"sanitised_{profile}")
    return Copy(seeded.cluster, f"sanitised_{profile}", folder)


@pytest.fixture(scope="module")
def copies(seeded: Copy, tmp_path_factory: pytest.TempPathFactory) -> dict[Profile, Copy]:
    """The site in both profiles."""
    return {profile: sanitised(seeded, profile, tmp_path_factory.mktemp(profile)) for profile in PROFILES}


@pytest.fixture(scope="module")
def staging(copies: dict[Profile, Copy]) -> Iterator[httpx.Client]:
    """The site's own server on the copy for staging."""
    with copies["staging"].served() as client:
        yield client


def logged_in(client: httpx.Client, username: str) -> httpx.Response:
    """The answer to somebody who types a username and the password that every account of production has."""
    fields = {"username": username, "password": SANDBOX_PASSWORD, "next": "/admin/"}
    return post(client, LOGIN, LOGIN, fields)


@pytest.mark.parametrize("profile", PROFILES)
def test_django_has_nothing_to_say(copies: dict[Profile, Copy], profile: Profile) -> None:
    """The site's own checks pass on a copy, with its database, and no migration is missing."""
    assert "no issues" in succeeded(copies[profile].manage("check", "--database", "default"))
    succeeded(copies[profile].manage("migrate", "--check"))


def test_birdbath_waits_for_the_reset(copies: dict[Profile, Copy]) -> None:
    """Production's own note of a clean-up is gone, so that birdbath's check fails until the reset leaves a new one."""
    copy = copies["staging"]
    waiting = copy.manage("check", BIRDBATH_REQUIRED="true")
    assert waiting.returncode == 1
    assert "birdbath.E001" in waiting.stderr
    copy.cluster.execute("INSERT INTO birdbath_execution (date_executed) VALUES (now())", database=copy.database)
    succeeded(copy.manage("check", BIRDBATH_REQUIRED="true"))


def test_staff_log_in_and_find_their_history(staging: httpx.Client, copies: dict[Profile, Copy]) -> None:
    """A member of staff logs in with their own password and opens every page of the admin that rows were kept for."""
    answer = logged_in(staging, planted(SEED, SCALE).staff[0].username)
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/admin/")
    ((page,),) = copies["staging"].rows(
        "SELECT page_id FROM wagtailcore_pagelogentry WHERE action = 'wagtail.publish' ORDER BY id LIMIT 1"
    )
    cookie = f"sessionid={answer.cookies['sessionid']}"
    for path in EDITORS_PAGES:
        shown = staging.get(path.format(page=page), headers={"Host": HOSTS[0], "Cookie": cookie})
        assert shown.status_code == 200, path


def test_nobody_else_logs_in(staging: httpx.Client, copies: dict[Profile, Copy]) -> None:
    """Superusers and lookalikes of other domains get in neither under their old name nor under their new one."""
    old = [account.username for account in planted(SEED, SCALE).outsiders[:3]]
    new = copies["staging"].rows("SELECT username FROM users_user WHERE email LIKE '%@replaced.invalid' ORDER BY id")
    assert all(logged_in(staging, str(name)).status_code == 200 for name in [*old, *(name for (name,) in new[:3])])


def test_only_staff_have_a_password(copies: dict[Profile, Copy]) -> None:
    """To Django, the accounts that have a password are staff's on staging, and nobody's on a laptop."""
    usable = {
        profile: set(succeeded(copy.manage("shell", "-v", "0", "-c", USABLE)).split())
        for profile, copy in copies.items()
    }
    assert usable == {"staging": STAFF, "local": set()}
