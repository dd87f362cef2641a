"""What the settings decide: who is staff, and what is refused."""

from typing import Any

import pytest

from bc_pipelines.privacy.errors import PrivacyError
from bc_pipelines.privacy.policy import Policy

GIVEN: dict[str, Any] = {
    "profile": "staging",
    "staff_domains": frozenset(("buckinghamshire.example",)),
    "staff_passwords": "keep",
    "mail_sink": "sink@staging.example",
    "view_restriction_password": "open",
}


@pytest.mark.parametrize(
    ("email", "staff"),
    [
        ("ann@buckinghamshire.example", True),
        ("  Ann@Buckinghamshire.EXAMPLE\t", True),
        ("ann@mail.buckinghamshire.example", False),
        ("ann@notbuckinghamshire.example", False),
        ("ann@buckinghamshire.example.residents.example", False),
        ("ann@residents.example@buckinghamshire.example", False),
        ("@buckinghamshire.example", False),
        ("buckinghamshire.example", False),
        ("ann@buckinghamshire.example.", False),
        ("ann@buc\u212ainghamshire.example", False),
        ("ann@buckinghamshire\u200b.example", False),
        ("ann@", False),
        ("", False),
        (None, False),
    ],
)
def test_staff_are_told_by_their_exact_domain(email: str | None, *, staff: bool) -> None:
    """An address is staff's if its one domain, trimmed and in lower case, is exactly one of staff's."""
    assert Policy(**GIVEN).is_staff(email) is staff


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("profile", "production", "profile 'production'"),
        ("staff_passwords", "show", "staff_passwords is 'show'"),
        ("unknown_tables", "empty", "unknown_tables is 'empty', not refuse or purge"),
        ("unknown_columns", "purge", "unknown_columns is 'purge', not refuse or empty"),
        ("staff_domains", frozenset(("Council.example",)), "'Council.example' is not a plain domain"),
        ("staff_domains", frozenset(("@council.example",)), "is not a plain domain"),
        ("staff_domains", frozenset(("",)), "is not a plain domain"),
        ("mail_sink", "nowhere", "mail_sink is not an e-mail address"),
        ("view_restriction_password", "", "view_restriction_password is empty"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(setting: str, value: object, message: str) -> None:
    """A setting that would make a rule do nothing, or something else, is refused by name."""
    with pytest.raises(PrivacyError, match=message):
        Policy(**GIVEN | {setting: value})
