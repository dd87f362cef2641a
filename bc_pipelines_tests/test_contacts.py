"""Who is told of a reset: `[notices]` in `environments.toml`, and its two secrets."""

from pathlib import Path

import pytest

from bc_pipelines.contacts import Contacts, Mail, SlackChannel
from bc_pipelines.settings import SettingsError
from bc_pipelines_tests.test_settings import MINIMAL, load

SLACK = 'slack_channel = "C0123456789"\n'
MAIL = 'client_addresses = ["editors@council.example"]\nmail_from = "web@council.example"\nsmtp_host = "smtp.example"\n'
TOKEN = "xoxb-planted-token"
PASSWORD = "planted-password"


def contacts(folder: Path, lines: str, **variables: str) -> Contacts:
    """Load settings with these lines in `[notices]`."""
    return load(folder, MINIMAL + f"[notices]\n{lines}", **variables).contacts


def test_who_is_not_set_is_not_told(tmp_path: Path) -> None:
    """No section, or an empty one: nobody, and no secret is asked for."""
    assert load(tmp_path).contacts == contacts(tmp_path, "") == Contacts(None, None, "")


def test_colleagues_are_on_slack(tmp_path: Path) -> None:
    """A channel and a token; another address for Slack only where a variable names one."""
    assert contacts(tmp_path, SLACK, BC_SLACK_TOKEN=TOKEN).slack == SlackChannel("C0123456789", TOKEN)
    elsewhere = contacts(tmp_path, SLACK, BC_SLACK_TOKEN=TOKEN, BC_SLACK_API_URL="https://127.0.0.1:9/api/").slack
    assert elsewhere is not None
    assert elsewhere.api_url == "https://127.0.0.1:9/api/"


def test_the_client_is_told_by_mail(tmp_path: Path) -> None:
    """The usual port and encryption unless said otherwise; a password only where there is a login."""
    usual = Mail(("editors@council.example",), "web@council.example", "smtp.example")
    assert contacts(tmp_path, MAIL).mail == usual
    assert (usual.port, usual.starttls) == (587, "required")
    lines = MAIL + 'smtp_port = 25\nsmtp_starttls = "offered"\nsmtp_user = "web"\n'
    known = contacts(tmp_path, lines, BC_SMTP_PASSWORD=PASSWORD).mail
    assert known is not None
    assert (known.port, known.starttls, known.user, known.password) == (25, "offered", "web", PASSWORD)


def test_links_lead_to_dagster(tmp_path: Path) -> None:
    """With or without a stroke at its end."""
    assert contacts(tmp_path, 'dagster_url = "https://dagster.example/"\n').dagster_url == "https://dagster.example"


@pytest.mark.parametrize(
    ("lines", "variables", "words"),
    [
        (SLACK, {}, "BC_SLACK_TOKEN is not set"),
        (SLACK, {"BC_SLACK_TOKEN": "two words"}, "BC_SLACK_TOKEN holds a character"),
        (SLACK, {"BC_SLACK_TOKEN": TOKEN, "BC_SLACK_API_URL": "http://slack.example/api/"}, "https"),
        ('slack_channel = "#web"', {"BC_SLACK_TOKEN": TOKEN}, "channel's id"),
        (MAIL + 'smtp_user = "web"', {}, "BC_SMTP_PASSWORD is not set"),
        (MAIL.replace("editors@", "editors"), {}, "plain addresses"),
        (MAIL.replace("web@council.example", "Web team <web@council.example>"), {}, "plain addresses"),
        (MAIL.replace("web@council.example", "web@council.example\\nBcc: all@council.example"), {}, "plain addresses"),
        (MAIL.replace('["editors@council.example"]', "[]"), {}, "plain addresses"),
        (MAIL.replace("mail_from", "mail_frm"), {}, "unknown keys: mail_frm"),
        (MAIL.partition("smtp_host")[0], {}, "notices.smtp_host is missing"),
        (MAIL + 'smtp_port = "25"', {}, "port's number"),
        (MAIL + "smtp_port = 0", {}, "port's number"),
        (MAIL + 'smtp_starttls = "never"', {}, "required"),
        ('dagster_url = "dagster.example"', {}, "must begin with https"),
        ('dagster_url = "https://web:hush@dagster.example"', {}, "without user and password"),
    ],
)
def test_what_is_half_set_is_refused(tmp_path: Path, lines: str, variables: dict[str, str], words: str) -> None:
    """Before anything is touched, and with the name of what is missing or wrong."""
    with pytest.raises(SettingsError, match=words) as caught:
        contacts(tmp_path, lines, **variables)
    assert [secret for secret in (TOKEN, "two words") if secret in str(caught.value)] == []


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Neither is part of a repr, which ends up in logs and tracebacks."""
    lines = SLACK + MAIL + 'smtp_user = "web"\n'
    shown = repr(contacts(tmp_path, lines, BC_SLACK_TOKEN=TOKEN, BC_SMTP_PASSWORD=PASSWORD))
    assert [secret for secret in (TOKEN, PASSWORD) if secret in shown] == []
