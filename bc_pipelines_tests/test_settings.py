"""What the product is told from outside."""

from datetime import date
from pathlib import Path

import pytest

from bc_pipelines import settings
from bc_pipelines.repository import GitLab
from bc_pipelines.settings import SettingsError

VARIABLES = {
    "HEROKU_API_KEY": "token-of-a-robot",
    "DAGSTER_DATABASE_URL": "postgres://dagster:hush@127.0.0.1:5499/dagster",
    "BC_VIEW_RESTRICTION_PASSWORD": "sesame",
}
MINIMAL = """
[archive_store]
bucket = "archives"
[privacy]
staff_domains = ["Council.example "]
mail_sink = "forms@sink.invalid"
[environments.production]
heroku_app = "council-production"
hosts = ["www.council.example"]
[environments.staging]
heroku_app = "council-staging"
writable = true
[environments.staging.sites]
"www.council.example" = "www.staging.council.example"
"""


def load(folder: Path, text: str = MINIMAL, **variables: str) -> settings.Settings:
    """Load settings from a text and a few variables."""
    path = folder / "environments.toml"
    path.write_text(text, encoding="utf-8")
    return settings.load({**VARIABLES, "BC_ENVIRONMENTS": str(path), **variables})


def test_the_file_in_the_package_is_complete() -> None:
    """The council's own environments.toml loads with nothing but the secrets set."""
    loaded = settings.load(VARIABLES)
    assert loaded.staging.heroku_app == "buckinghamshire-staging"
    assert not loaded.production.writable
    assert loaded.writable_apps == {"buckinghamshire-staging", "buckinghamshire-content-prep"}


def test_staff_domains_are_trimmed_and_lower_case(tmp_path: Path) -> None:
    """A staff domain written with a capital or a space means the same domain."""
    assert load(tmp_path).privacy.staff_domains == {"council.example"}


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """No secret is part of the settings' repr, which ends up in logs and tracebacks."""
    shown = repr(load(tmp_path))
    assert [secret for secret in ("token-of-a-robot", "hush", "sesame") if secret in shown] == []


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_a_missing_variable_is_named(tmp_path: Path, name: str) -> None:
    """Whoever forgets a variable is told its name."""
    with pytest.raises(SettingsError, match=name):
        load(tmp_path, **{name: ""})


def test_heroku_is_reached_where_the_cli_would_reach_it(tmp_path: Path) -> None:
    """The data host takes scheme and port from HEROKU_HOST, as in the Heroku CLI."""
    heroku = load(tmp_path, HEROKU_HOST="https://127.0.0.1:4443", HEROKU_DATA_HOST="localhost").heroku
    assert (heroku.platform_url, heroku.data_url) == ("https://127.0.0.1:4443", "https://localhost:4443")
    real = load(tmp_path).heroku
    assert (real.platform_url, real.data_url) == ("https://api.heroku.com", "https://api.data.heroku.com")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", None),
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_resolver(tmp_path: Path, value: str, address: tuple[str, int] | None) -> None:
    """It is an address, with a port or without."""
    assert load(tmp_path, BC_RESOLVER=value).resolver == address


@pytest.mark.parametrize("value", ["dns.council.example", "127.0.0.1:dns", "127.0.0.1:99999", "[::1", "192.0.2.53/24"])
def test_a_resolver_that_is_none(tmp_path: Path, value: str) -> None:
    """A name would have to be looked up first, with what?"""
    with pytest.raises(SettingsError, match="BC_RESOLVER"):
        load(tmp_path, BC_RESOLVER=value)


def test_a_token_is_sent_by_tls_only(tmp_path: Path) -> None:
    """Another API than Cloudflare's may be named, but none by plain http."""
    assert load(tmp_path).cloudflare_api_url == "https://api.cloudflare.com/client/v4"
    assert (
        load(tmp_path, BC_CLOUDFLARE_API_URL="https://127.0.0.1:9/v4/").cloudflare_api_url == "https://127.0.0.1:9/v4"
    )
    with pytest.raises(SettingsError, match="https"):
        load(tmp_path, BC_CLOUDFLARE_API_URL="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('hosts = ["www.council.example"]', 'writable = true\nhosts = ["www.council.example"]', "never written"),
        ('"council-staging"', '"council-production"', "same Heroku app"),
        ('= "www.staging.council.example"', '= "www.council.example"', "lead"),
        ('= "www.staging.council.example"', '= "WWW.Council.Example"', "lead"),
        (
            '"www.council.example" = "www.staging.council.example"',
            '"www.council.example" = "s.council.example"\n"fis.council.example" = "s.council.example"',
            "two sites one host",
        ),
        ('staff_domains = ["Council.example "]', "staff_domains = []", "staff_domains is empty"),
        ("[privacy]", '[privacy]\nstaff_passwords = "perhaps"', "keep"),
        ('bucket = "archives"', "", "archive_store.bucket"),
        ("writable = true", "writeable = true", "unknown keys: writeable"),
        ("writable = true", 'writable = "true"', "true or false"),
        ("[privacy]", '[privacy]\nstaff_password = "replace"', "unknown keys: staff_password"),
        ('staff_domains = ["Council.example "]', 'staff_domains = "council.example"', "list of texts"),
        ('staff_domains = ["Council.example "]', 'staff_domains = ["@council.example"]', "must hold domains"),
        ("[privacy]", '[backups]\nmax_age_hours = "x"\n[privacy]', "whole number"),
        ("[privacy]", "[backup]\nmax_age_hours = 2\n[privacy]", "unknown keys: backup"),
        ("[environments.production]", "[[environments.production]]", "one table"),
        ("[privacy]", '[proof]\npublik = ["approved"]\n[privacy]', "proof has unknown keys: publik"),
        ("[privacy]", '[proof]\npublic = "approved"\n[privacy]', "proof.public must be a list of texts"),
        ("[privacy]", '[proof]\npublic = ["approved", 7]\n[privacy]', "proof.public must be a list of texts"),
        ("[privacy]", '[proof]\npublic = ["approved", " - "]\n[privacy]', "without any letter or digit"),
        ("[privacy]", "[[proof]]\n[privacy]", "proof must be one table"),
        ("[archive_store]", "[archive", "not valid TOML"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    """A file that would let production be written, or that means nothing, is refused with the reason."""
    with pytest.raises(SettingsError, match=words):
        load(tmp_path, MINIMAL.replace(old, new))


def test_what_was_declared_public_is_read_and_not_shown(tmp_path: Path) -> None:
    """The reviewed list may name people, so it is in no repr; without the section it is empty."""
    listed = load(tmp_path, MINIMAL + '[proof]\npublic = ["May Day", "01632 960555"]\n')
    assert listed.declared_public == ("May Day", "01632 960555")
    assert "May Day" not in repr(listed)
    assert load(tmp_path).declared_public == ()


def test_a_standing_approval_has_a_last_day(tmp_path: Path) -> None:
    """A standing approval says who gave it and until when it counts."""
    text = MINIMAL + '[environments.staging.standing_approval]\nby = "web@council.example"\nuntil = 2027-03-31\n'
    approval = load(tmp_path, text).staging.standing_approval
    assert approval is not None
    assert (approval.by, approval.until) == ("web@council.example", date(2027, 3, 31))
    assert approval.accepts_losses is False
    accepting = load(tmp_path, text + "accepts_losses = true\n").staging.standing_approval
    assert accepting is not None
    assert accepting.accepts_losses is True


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('by = "web@council.example"\nuntil = "2027-03-31"', "date without quotes"),
        ('by = "web@council.example"', "date without quotes"),
        ("until = 2027-03-31", "standing_approval.by is missing"),
        ('by = "web@council.example"\nuntil = 2027-03-31\naccept_losses = true', "unknown keys: accept_losses"),
    ],
)
def test_an_approval_that_says_too_little_is_refused(tmp_path: Path, lines: str, words: str) -> None:
    """Without a giver or a last day there is no approval, and the message says which is missing."""
    with pytest.raises(SettingsError, match=words):
        load(tmp_path, MINIMAL + f"[environments.staging.standing_approval]\n{lines}\n")


@pytest.mark.parametrize("pasted", ["two words", "new\nline", "smart\u2019quote"])
def test_a_token_that_cannot_be_sent_is_refused(tmp_path: Path, pasted: str) -> None:
    """Something else pasted in place of the token is noticed before Heroku is asked, and is not repeated."""
    with pytest.raises(SettingsError, match="HEROKU_API_KEY holds a character") as caught:
        load(tmp_path, HEROKU_API_KEY=pasted)
    assert pasted not in str(caught.value)


def test_personal_folders_stay_left_out_whatever_is_added(tmp_path: Path) -> None:
    """A folder that the council adds comes to those that are always left out, and does not take their place."""
    usual = load(tmp_path).media.excluded
    more = MINIMAL.replace("[privacy]", '[media]\nexcluded = ["private/"]\n[privacy]')
    assert load(tmp_path, more).media.excluded == (*usual, "private/")
    with pytest.raises(SettingsError, match="must hold folders"):
        load(tmp_path, more.replace("private/", "private"))


REPOSITORY = '[repository]\nurl = "https://git.example/council/site.git"\n'
GITLAB = REPOSITORY + "[repository.gitlab]\n"


def test_without_a_repository_code_is_left_alone(tmp_path: Path) -> None:
    """The section may be left out, and is in the package's own file."""
    assert load(tmp_path).repository is None
    assert settings.load(VARIABLES).repository is None


def test_a_repository_has_the_runbooks_branches(tmp_path: Path) -> None:
    """The names are configuration, the usual ones the runbook's; the password is in no repr."""
    found = load(tmp_path, MINIMAL + REPOSITORY, BC_GIT_PASSWORD="hush-hush", BC_SCRATCH=str(tmp_path)).repository
    assert found is not None
    assert (found.main, found.staging, found.merge, found.stale_days) == ("master", "staging", None, 90)
    assert found.cache.parent == tmp_path
    assert found.password == "hush-hush"
    assert "hush" not in repr(found)
    other = load(tmp_path, MINIMAL + REPOSITORY + 'main = "main"\nmerge = []\nstale_days = 7\n').repository
    assert other is not None
    assert (other.main, other.merge, other.stale_days) == ("main", (), 7)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('url = "http://git.example/site.git"', "https address"),
        ('url = "https://robot:hush@git.example/site.git"', "https address without user and password"),
        ('url = "git@git.example:council/site.git"', "https address"),
        ('url = "--upload-pack=sh"', "https address"),
        ('url = "https://git.example/a b.git"', "https address"),
        ("", "repository.url is missing"),
        *((f'{REPOSITORY}main = "{name}"', "name of a branch") for name in ("-f", "a b", "a..b", "a:b", "@", "a/")),
        (f'{REPOSITORY}staging = "master"', "same branch"),
        (f"{REPOSITORY}stale_days = 0", "whole number of days"),
        (f'{REPOSITORY}merge = "all"', "list of texts"),
        (f'{REPOSITORY}branch = "x"', "unknown keys: branch"),
        (f'{REPOSITORY}gitlab = "https://git.example"', "must be one table"),
        (f'{GITLAB}url = "https://git.example"\nproject = "site"', "path of a project"),
        (f'{GITLAB}url = "https://git.example"\nproject = "../../x?"', "path of a project"),
        (f'{GITLAB}url = "http://git.example"\nproject = "council/site"', "https address"),
        *(
            (f'{GITLAB}url = "https://{place}"\nproject = "council/site"', "https address")
            for place in ("[hush", "git.example:x", "git.example:99999", "git.example/?", "git.example/#")
        ),
        (f'{GITLAB}url = "https://me:hush@git.example"\nproject = "council/site"', "goes into BC_GITLAB_TOKEN"),
        (f'{GITLAB}url = "https://git.example"\nproject = "council/site"\ndeploys = "yes"', "true or false"),
    ],
)
def test_a_repository_that_means_nothing_is_refused(tmp_path: Path, line: str, words: str) -> None:
    """Nothing that could be an option, a pattern or hold a password is taken for an address or a branch."""
    section = line if line.startswith("[repository]") else f'[repository]\nmain = "master"\n{line}\n'
    with pytest.raises(SettingsError, match=words) as caught:
        load(tmp_path, MINIMAL + section, BC_GITLAB_TOKEN="glpat-x")
    assert "hush" not in str(caught.value)


def test_a_gitlab_needs_its_token(tmp_path: Path) -> None:
    """Without the section nobody is waited for; with it the token must be set, be one word, and is in no repr."""
    lines = MINIMAL + GITLAB + 'url = "https://git.example"\nproject = "council/site"\n'
    without = load(tmp_path, MINIMAL + REPOSITORY).repository
    assert without is not None
    assert without.gitlab is None
    found = load(tmp_path, lines + "deploys = true\n", BC_GITLAB_TOKEN="glpat-hush").repository
    assert found is not None
    assert found.gitlab == GitLab("https://git.example", "council/site", deploys=True, token="glpat-hush")
    assert "hush" not in repr(found)
    with pytest.raises(SettingsError, match="BC_GITLAB_TOKEN is not set"):
        load(tmp_path, lines)
    with pytest.raises(SettingsError, match="a character that no token has") as caught:
        load(tmp_path, lines, BC_GITLAB_TOKEN="two words")
    assert "two words" not in str(caught.value)
