"""A notice as an e-mail, handed to a mail server.

Belongs here: the message, and which failures leave no doubt. Does not belong here: what is said (see `texts`).

Until the server is asked to take the message itself (SMTP's DATA), nothing was sent, whatever happens. After that, a
refusal is certain, and a lost connection is not (RFC 5321, 4.2.5 and 6.1).
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from bc_pipelines.contacts import SMTP_PASSWORD, Mail
from bc_pipelines.notices.errors import NotSent, PerhapsSent
from bc_pipelines.notices.notice import Notice, as_html, as_text

PATIENCE = 30.0
"""Seconds that the server may take for each answer."""
_WORDS_KEPT = 100


@dataclass(frozen=True)
class Accepted:
    """A message that a server has taken.

    Attributes:
        message_id: of the message.
        asked: how many addresses it was sent to.
        refused: those that the server refused, masked, with the number that it gave as the reason.
        answer: its last answer, which often holds the message's number in the server's log.
    """

    message_id: str
    asked: int
    refused: tuple[str, ...]
    answer: str


def message_of(mail: Mail, notice: Notice, name: str, when: datetime) -> EmailMessage:
    """Write the message; the same notice always has the same Message-ID, so that a copy of it is recognised.

    Args:
        mail: sender and recipients.
        notice: what is told.
        name: tells this notice from every other; letters, digits, dots and hyphens.
        when: the date that it carries.
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = notice.subject
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.recipients)
    message["Date"] = format_datetime(when)
    message["Message-ID"] = message_id(mail, name)
    # No holiday answers (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(as_text(notice), cte="quoted-printable")
    message.add_alternative(as_html(notice), subtype="html", cte="quoted-printable")
    return message


def message_id(mail: Mail, name: str) -> str:
    """The Message-ID of a notice."""
    return f"<{name}@{mail.sender.rpartition('@')[2]}>"


def send(mail: Mail, message: EmailMessage, *, patience: float = PATIENCE) -> Accepted:
    """Hand a message to the mail server.

    Args:
        mail: server, sender and recipients.
        message: what `message_of` wrote.
        patience: seconds that the server may take for each answer.

    Returns:
        What the server answered; some addresses may be refused.

    Raises:
        NotSent: nobody gets it: the server cannot be reached, lacks encryption, or refuses login, sender, every
            recipient or the message.
        PerhapsSent: the connection was lost while the server had the message, or its answer cannot be understood.
    """
    with _nothing_was_sent(mail):
        server = smtplib.SMTP(mail.host, mail.port, timeout=patience)
    try:
        with _nothing_was_sent(mail):
            _open(server, mail)
            refused = _address(server, mail)
        answer = _hand_over(server, mail, message)
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()
    return Accepted(str(message["Message-ID"]), len(mail.recipients), refused, answer)


def reach(mail: Mail, *, patience: float = PATIENCE) -> None:
    """Go as far with the mail server as can be gone without sending anything: encryption and login.

    Raises:
        NotSent: it would not take a mail.
    """
    with _nothing_was_sent(mail), smtplib.SMTP(mail.host, mail.port, timeout=patience) as server:
        _open(server, mail)


def _open(server: smtplib.SMTP, mail: Mail) -> None:
    server.ehlo_or_helo_if_needed()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
    elif mail.starttls == "required" or mail.user:
        raise NotSent(
            f"The mail server {mail.host}:{mail.port} offers no STARTTLS, so nothing was sent to it. Name one that "
            'does (notices.smtp_host), or, inside your own network and without a login, set smtp_starttls = "offered".'
        )
    if mail.user:
        server.login(mail.user, mail.password)


def _address(server: smtplib.SMTP, mail: Mail) -> tuple[str, ...]:
    """Name sender and recipients; gives those that were refused, masked, with the server's number."""
    code, _ = server.mail(mail.sender)
    if code != 250:
        raise NotSent(f"The mail server {mail.host} refuses the sender ({code}); see notices.mail_from.")
    answers = [(_masked(recipient), server.rcpt(recipient)[0]) for recipient in mail.recipients]
    refused = tuple(f"{recipient} ({code})" for recipient, code in answers if code not in (250, 251))
    if len(refused) == len(mail.recipients):
        told = ", ".join(refused)
        raise NotSent(f"The mail server {mail.host} refuses every recipient: {told}; see notices.client_addresses.")
    return refused


def _masked(address: str) -> str:
    """An address as it may be kept: it can be a person's."""
    return f"{address[0]}…@{address.rpartition('@')[2]}"


def _hand_over(server: smtplib.SMTP, mail: Mail, message: EmailMessage) -> str:
    try:
        code, words = server.data(message.as_bytes(policy=SMTP))
    except smtplib.SMTPDataError as refused:
        # Of the question whether it may be handed over, so nothing was.
        raise _refuses(mail, refused.smtp_code) from None
    except (smtplib.SMTPException, OSError):
        raise PerhapsSent(
            f"The connection to the mail server {mail.host} was lost while it had the message {message['Message-ID']}. "
            "It may have been delivered or not."
        ) from None
    if code == 250:
        return _kept(code, words)
    if code // 100 in (4, 5):
        raise _refuses(mail, code)
    raise PerhapsSent(
        f"The mail server {mail.host} was given the message {message['Message-ID']} and answered something that is "
        "neither yes nor no. It may be delivered or not."
    )


def _refuses(mail: Mail, code: int) -> NotSent:
    return NotSent(f"The mail server {mail.host} refuses the message ({code}). Ask whoever runs it why.")


def _kept(code: int, words: bytes) -> str:
    """A server's answer without addresses, short enough for a record."""
    plain = (word for word in words.decode("ascii", "replace").split() if "@" not in word and word.isprintable())
    return f"{code} {' '.join(plain)}"[:_WORDS_KEPT].strip()


@contextmanager
def _nothing_was_sent(mail: Mail) -> Iterator[None]:
    """Say of any failure in the block that nobody got anything.

    Raises:
        NotSent: in place of the failure, without what the server said: it may repeat what it was sent.
    """
    where = f"The mail server {mail.host}:{mail.port}"
    try:
        yield
    except NotSent:
        raise
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(
            f"{where} does not accept the login ({error.smtp_code}). Check notices.smtp_user and {SMTP_PASSWORD}."
        ) from None
    except ssl.SSLCertVerificationError:
        raise NotSent(
            f"{where} shows a certificate that is not trusted here, or another host's. Check notices.smtp_host, and "
            "SSL_CERT_FILE where the server has an authority of your own."
        ) from None
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"{where} refused to talk ({error.smtp_code}). Try again later.") from None
    # A ValueError is what smtplib makes of garbage in a login, and of a name that can be no host's.
    except (smtplib.SMTPException, OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise NotSent(
            f"{where} cannot be reached or broke off: {why}. Check notices.smtp_host and smtp_port."
        ) from None
