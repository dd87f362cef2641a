"""How the site reads its environment variables."""

import pytest

from bc_pipelines.sandbox.site import environment


def test_database_url() -> None:
    """A URL as Heroku writes it becomes Django's settings, percent signs decoded, the query as options."""
    settings = environment.database("postgres://so%40me:p%2Fw@127.0.0.1:5433/site?sslmode=require")
    assert settings == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "site",
        "USER": "so@me",
        "PASSWORD": "p/w",
        "HOST": "127.0.0.1",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_database_url_with_socket() -> None:
    """A host in the query is a folder of sockets."""
    assert environment.database("postgresql:///site?host=/run/pg")["HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["mysql://user:secret@host/name", "postgres://user:secret@host/", "secret"])
def test_other_urls_are_refused(url: str) -> None:
    """What is no database of PostgreSQL is refused in a message that does not quote it."""
    with pytest.raises(ValueError, match="DATABASE_URL must be") as caught:
        environment.database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("1", True), (" On ", True), ("no", False), ("", False)]
)
def test_switch(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    """The usual words turn a switch on and off."""
    monkeypatch.setenv("SEO_NOINDEX", value)
    assert environment.switch("SEO_NOINDEX", default=True) is expected


def test_unclear_switch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch that is neither on nor off is refused by its name."""
    monkeypatch.setenv("SEO_NOINDEX", "perhaps")
    with pytest.raises(ValueError, match="SEO_NOINDEX must be true or false"):
        environment.switch("SEO_NOINDEX", default=False)


def test_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is split at commas and trimmed."""
    monkeypatch.setenv("NONINDEXED_HOSTS", " one.example, ,two.example,")
    assert environment.words("NONINDEXED_HOSTS") == ["one.example", "two.example"]
