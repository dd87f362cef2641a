"""How git is run: what it is told, what it says when the server does not answer, and where the password is."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bc_pipelines.branches.copy import fetched
from bc_pipelines.branches.errors import BranchesError
from bc_pipelines.branches.git import environment
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.branches.remote import DEADLINE, PASSWORD, Remote, new_remote, serving


def refusal(remote: Remote, **changes: object) -> str:
    """What the product says when it cannot fetch."""
    with pytest.raises(BranchesError) as caught, remote.copy(**changes):
        pass
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("password", ["wrong-password", ""])
def test_a_wrong_password(remote: Remote, password: str) -> None:
    """The server refuses it; the message says which variables and repeats neither."""
    said = refusal(remote, password=password)
    assert "refused the user and password of BC_GIT_USER and BC_GIT_PASSWORD" in said
    assert "wrong-password" not in said


def test_a_repository_that_is_not_there(remote: Remote) -> None:
    """It may be there and not be seen; both are said."""
    assert "is not there, or may not be seen" in refusal(remote, url=remote.settings.url.replace("site", "no"))


def test_a_server_that_is_gone(remote: Remote) -> None:
    """Nobody listens any more."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = f"https://127.0.0.1:{unused.getsockname()[1]}/site.git"
    assert "could not be reached" in refusal(remote, url=gone)


def test_a_certificate_that_nobody_trusts(remote: Remote) -> None:
    """Without the authority's certificate nothing is sent."""
    assert "certificate is not trusted" in refusal(remote, network={})


def test_a_server_that_says_nothing(remote: Remote) -> None:
    """Git and its helpers are ended at the deadline, and the message names it."""
    with (
        silent() as address,
        pytest.raises(BranchesError, match="git fetch did not end within") as caught,
        fetched(replace(remote.settings, url=f"{address}/site.git"), timedelta(seconds=0.5)),
    ):
        pass
    assert "deadlines.git_minutes" in str(caught.value)
    assert children() == []


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []
        thread = threading.Thread(target=lambda: taken.append(listening.accept()[0]))
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()
        taken[0].close()


def children() -> list[str]:
    """Processes of git that this one started."""
    command = ["ps", "-o", "comm=", "--ppid", str(os.getpid())]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return [name for name in shown.stdout.split() if name.startswith("git")]


def test_the_password_is_in_no_file_and_on_no_command_line(remote: Remote) -> None:
    """The copy holds neither it nor an address with it; git gets it as a variable, for this address alone."""
    with remote.copy():
        pass
    files = [path for path in remote.settings.cache.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    given = environment(remote.settings)
    key = f"http.{remote.settings.url}.extraHeader"
    assert key in given.values()
    assert PASSWORD not in repr(remote.settings)


def test_the_users_own_configuration_counts_for_nothing(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper, a rewritten address or a hook in the user's settings is not seen by the product's git."""
    config = tmp_path / ".gitconfig"
    config.write_text('[url "https://elsewhere.invalid/"]\n\tinsteadOf = https://127.0.0.1\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert remote.survey().main == "master"


def test_a_damaged_copy_is_made_anew(remote: Remote) -> None:
    """What a killed run left locked or half written is thrown away, since all of it can be had again."""
    remote.survey()
    folder = next(remote.settings.cache.glob("*.git"))
    (folder / "HEAD").write_text("nonsense")
    assert remote.survey().main == "master"
    remote.commit("feature", {"f": "1\n"}, remote.git("rev-parse", "refs/heads/master"))
    (folder / "refs/remotes/origin").mkdir(parents=True, exist_ok=True)
    (folder / "refs/remotes/origin/feature.lock").write_text("")
    with remote.copy() as git:
        assert git.run("rev-parse", "refs/remotes/origin/feature").text == remote.refs()["refs/heads/feature"]


def test_two_looks_at_once_wait_for_each_other(remote: Remote) -> None:
    """The second has the copy when the first is done with it, and not for ever."""
    with remote.copy() as git:
        with pytest.raises(BranchesError, match="Another run"), fetched(remote.settings, timedelta()):
            pass
        looking = threading.Thread(target=remote.survey)
        looking.start()
        assert git.run("rev-parse", "--is-bare-repository").text == "true"
    looking.join(DEADLINE.total_seconds())
    assert not looking.is_alive()


def test_branches_that_are_gone_are_gone_from_the_copy(remote: Remote) -> None:
    """Also where one of them stands in the way of another's name."""
    begun = remote.git("rev-parse", "refs/heads/master")
    remote.point("feature", begun)
    remote.survey()
    remote.git("update-ref", "-d", "refs/heads/feature")
    remote.point("feature/one", begun)
    with remote.copy() as git:
        assert git.run("for-each-ref", "--format=%(refname:lstrip=3)").text.split() == ["feature/one", "master"]


@pytest.mark.parametrize("kind", ["a link", "open to others"])
def test_a_folder_that_somebody_else_may_write_to_is_refused(remote: Remote, tmp_path: Path, kind: str) -> None:
    """Whoever may write to the copy decides what is merged."""
    place = tmp_path / "copy"
    if kind == "a link":
        (tmp_path / "real").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "real")
    else:
        place.mkdir()
        place.chmod(0o777)
    assert "is not this user's alone. Nothing was put there" in refusal(remote, cache=place)
    assert list(place.iterdir()) == []


def test_without_git(remote: Remote) -> None:
    """It is said where git is missing."""
    assert "There is no git in PATH" in refusal(remote, network={"PATH": "/nowhere"})


def test_a_server_that_vanishes_between_two_looks(tmp_path: Path, certificates: Certificates) -> None:
    """The old copy is not taken for what is there now."""
    with serving(tmp_path, certificates) as address:
        here = new_remote(tmp_path, address, certificates, "site")
        here.commit("master", {"a": "1\n"})
        assert here.survey().main == "master"
    with pytest.raises(BranchesError, match="could not be reached"), fetched(here.settings, DEADLINE):
        pass
