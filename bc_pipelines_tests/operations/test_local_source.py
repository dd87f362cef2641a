"""What a pull says of where its data came from: it is printed, and kept in the database's comment."""

import pytest

from bc_pipelines.operations.local_source import from_file, sanitising
from bc_pipelines.settings import Environment, Privacy

PRODUCTION = Environment("production", "site-production", False, (), {}, None)
CHOICES = sanitising(Privacy(frozenset({"council.example"}), "keep", "sink@council.example", "invented"), ())


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("https://me:secret@dumps.example/a.dump?X-Amz-Signature=secret", "https://dumps.example/a.dump"),
        ("https://dumps.example:8443/a.dump#secret", "https://dumps.example:8443/a.dump"),
        ("dumps/what is it?.dump", "dumps/what is it?.dump"),
        ("-", "-"),
    ],
)
def test_an_address_keeps_its_secrets(where: str, told: str) -> None:
    """Neither a password before the host nor a signature behind the question mark is told; a file has its name."""
    assert from_file(where, PRODUCTION, CHOICES).backup == told
