"""E-mails, handed to the sandbox's real mail server and to servers that refuse, stall or break off."""

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from bc_pipelines.contacts import Mail
from bc_pipelines.notices.errors import NotSent, PerhapsSent
from bc_pipelines.notices.mail import message_of, send
from bc_pipelines.notices.notice import as_html, as_text
from bc_pipelines.notices.texts import client_notice
from bc_pipelines_tests.notices.samples import TOLD
from bc_pipelines_tests.notices.servers import CLOSE, HANG, PASSWORD, Scripted, free_port

WHEN = datetime(2026, 11, 2, 9, 41, tzinfo=UTC)
NOTICE = client_notice(TOLD)


def written(mail: Mail, name: str = "reset.1.client") -> EmailMessage:
    """The message to the client."""
    return message_of(mail, NOTICE, name, WHEN)


def test_a_mail_arrives_as_it_was_written(post_office: tuple[Mail, Path]) -> None:
    """Over STARTTLS and with a login; both parts, sender, recipients and the id that the reset gives it."""
    mail, folder = post_office
    accepted = send(mail, written(mail, "reset.arrives.client"))
    assert (accepted.asked, accepted.refused) == (2, ())
    assert accepted.answer.startswith("250 2.0.0 OK: queued as ")
    [path] = folder.glob("*reset.arrives.client.eml")
    kept = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(kept, EmailMessage)
    assert kept["Message-ID"] == accepted.message_id == "<reset.arrives.client@torchbox.example>"
    assert kept["To"] == ", ".join(mail.recipients)
    assert kept["Subject"] == "The staging site was reset on 2 November 2026"
    assert kept["Date"].datetime == WHEN
    assert kept["Auto-Submitted"] == "auto-generated"
    for subtype, text in (("plain", as_text(NOTICE)), ("html", as_html(NOTICE))):
        part = kept.get_body((subtype,))
        assert part is not None
        assert part.get_content().replace("\r\n", "\n") == text


def test_some_addresses_may_be_refused(post_office: tuple[Mail, Path]) -> None:
    """The others get it; who is refused is counted and masked."""
    mail = replace(post_office[0], recipients=("editors@council.example", "gone@refused.invalid"))
    accepted = send(mail, written(mail, "reset.some.client"))
    assert (accepted.asked, accepted.refused) == (2, ("g…@refused.invalid (550)",))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "another"}, r"does not accept the login \(535\). Check notices.smtp_user and BC_SMTP_PASSWORD"),
        ({"user": "", "password": ""}, r"refuses the sender \(530\)"),
        ({"recipients": ("a@refused.invalid",)}, r"every recipient: a…@refused.invalid \(550\)"),
        ({"host": "localhost.invalid"}, "cannot be reached"),
    ],
)
def test_what_the_server_refuses_was_not_sent(
    post_office: tuple[Mail, Path], change: dict[str, object], words: str
) -> None:
    """Nothing is kept there, and the message says what to correct without an address or the password."""
    mail, folder = replace(post_office[0], **change), post_office[1]  # type: ignore[arg-type]
    before = len(list(folder.iterdir()))
    with pytest.raises(NotSent, match=words) as caught:
        send(mail, written(mail))
    assert len(list(folder.iterdir())) == before
    assert [secret for secret in (PASSWORD, "another", "a@refused") if secret in str(caught.value)] == []
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_stranger_gets_neither_login_nor_mail(
    post_office: tuple[Mail, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A server whose certificate nobody vouches for."""
    empty = tmp_path / "nobody.pem"
    empty.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    with pytest.raises(NotSent, match="certificate that is not trusted"):
        send(post_office[0], written(post_office[0]))


def test_without_encryption_nothing_is_said() -> None:
    """A server that offers none, where it is required or where there is a login to lose."""
    server = Scripted({})
    with server.running() as mail:
        for strict in (replace(mail, starttls="required"), replace(mail, user="web.team", password=PASSWORD)):
            with pytest.raises(NotSent, match="offers no STARTTLS"):
                send(strict, written(strict))
    assert [line for line in server.heard if not line.lower().startswith("ehlo")] == []


def test_inside_ones_own_network_a_mail_may_go_without() -> None:
    """Where it is only used if offered, and no login is needed."""
    server = Scripted({})
    with server.running() as mail:
        assert send(mail, written(mail)).answer == "250 OK"
    assert "." in server.heard


@pytest.mark.parametrize(
    ("answers", "certain"),
    [
        ({"GREETING": CLOSE}, True),
        ({"GREETING": "554 no service"}, True),
        ({"GREETING": HANG}, True),
        ({"EHLO": HANG}, True),
        ({"MAIL": "550 no"}, True),
        ({"MAIL": CLOSE}, True),
        ({"RCPT": ["250 OK", CLOSE]}, True),
        ({"RCPT": ["550 no", "451 later"]}, True),
        ({"DATA": "451 later"}, True),
        ({".": "554 spam"}, True),
        ({"DATA": CLOSE}, False),
        ({".": CLOSE}, False),
        ({".": HANG}, False),
        ({"DATA": "what?"}, True),
        ({".": "what?"}, False),
        ({".": "299 perhaps"}, False),
        ({".": "421 later"}, True),
    ],
    ids=str,
)
def test_what_is_known_after_a_failure(answers: dict[str, str | list[str]], certain: bool) -> None:
    """Up to the message, and after a refusal, nothing was sent; a connection lost after that leaves a doubt."""
    with Scripted(answers).running() as mail, pytest.raises(NotSent if certain else PerhapsSent) as caught:
        send(mail, written(mail), patience=0.5)
    assert not [address for address in mail.recipients if address in str(caught.value)]


def test_a_name_that_can_be_no_hosts() -> None:
    """Python refuses it before anything is asked: a setting to correct, and no doubt about the notice."""
    mail = Mail(("a@council.example",), "b@council.example", "no..such.host")
    with pytest.raises(NotSent, match="cannot be reached or broke off"):
        send(mail, written(mail))


def test_nobody_listens() -> None:
    """The message names the settings."""
    mail = Mail(("a@council.example",), "b@council.example", "127.0.0.1", free_port())
    with pytest.raises(NotSent, match=r"Connection refused. Check notices.smtp_host and smtp_port"):
        send(mail, written(mail))


def test_an_answer_is_kept_without_addresses() -> None:
    """A server may repeat the recipients in its last answer."""
    with Scripted({".": "250 queued as 4F2A for <editors@council.example> \x1b[31m"}).running() as mail:
        assert send(mail, written(mail)).answer == "250 queued as 4F2A for"
