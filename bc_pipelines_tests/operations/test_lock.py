"""Who holds the lock, as far as the machine can tell."""

import getpass
import os

import pytest

from bc_pipelines.operations.lock import who_asks


@pytest.mark.parametrize("unknown", [KeyError, OSError])
def test_a_container_that_knows_no_name(unknown: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a name, as in many containers, is told by number; Python 3.13 raises another error."""

    def nobody() -> str:
        raise unknown("uid not found")

    assert who_asks()
    monkeypatch.setattr(getpass, "getuser", nobody)
    assert who_asks() == f"user {os.getuid()}"
