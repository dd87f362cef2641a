"""What a git server says that it holds, asked without git."""

from pathlib import Path

import pytest

from bc_pipelines.checks.repository import _packets, advertised, branch_is
from bc_pipelines.sandbox import git_server
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.branches.remote import PASSWORD, new_remote, serving


def test_every_branch_and_tag_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as git itself tells on the server's side, also of names that are not plain."""
    certificates = make_certificates(tmp_path / "tls", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with serving(tmp_path, certificates) as address:
        remote = new_remote(tmp_path, address, certificates, "site")
        assert advertised(remote.settings.url, "robot", PASSWORD) in ({}, {"capabilities^{}": "0" * 40})
        begun = remote.commit("master", {"a": "1\n"})
        remote.point("größe/-x", begun)
        remote.git("update-ref", "refs/tags/kept", begun)
        seen = advertised(remote.settings.url, "robot", PASSWORD)
        assert seen is not None
        assert {name: commit for name, commit in seen.items() if name != "HEAD"} == remote.refs()
        assert advertised(f"{remote.settings.url}/", "robot", PASSWORD) == seen
        assert advertised(remote.settings.url, "robot", "wrong") is None
        assert advertised(f"{address}/none.git", "robot", PASSWORD) is None
    assert advertised(remote.settings.url, "robot", PASSWORD) is None


@pytest.mark.parametrize("line", [b"# service=git-upload-pack\n", b"refs\n", b"\xff\n"])
def test_lines_that_name_nothing_are_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    """Neither does one stop the way back of a database, which this look only accompanies."""
    certificates = make_certificates(tmp_path / "tls", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    send = git_server._Handler._send
    content = b"%04x%s" % (len(line) + 4, line)

    def garble(handler: git_server._Handler, _: int, *_more: object) -> None:
        send(handler, 200, [], content)

    monkeypatch.setattr(git_server._Handler, "_send", garble)
    with serving(tmp_path, certificates) as address:
        assert not advertised(f"{address}/site.git", "robot", PASSWORD)


@pytest.mark.parametrize("content", [b"<html>", b"0009abc", b"zzzz", b"ffff"])
def test_another_answer_is_none(content: bytes) -> None:
    """A page of a proxy, or an answer that was cut off, is not read as an empty repository."""
    with pytest.raises(ValueError, match=r".*"):
        list(_packets(content))


def test_a_branch_that_is_elsewhere_fails() -> None:
    """Both are named, as is a tag that is missing."""
    refs = {"refs/heads/staging": "b" * 40}
    verdict = branch_is(refs, "staging", "a" * 40, "kept", "c" * 40)
    assert not verdict.passed
    assert [row["same"] for row in verdict.rows] == [False, False]
    assert "refs/tags/kept is not there" in verdict.summary


def test_a_branch_that_is_right_passes() -> None:
    """With its tag, or without one where nothing was replaced."""
    refs = {"refs/heads/staging": "a" * 40, "refs/tags/kept": "c" * 40}
    assert branch_is(refs, "staging", "a" * 40, "kept", "c" * 40).passed
    assert branch_is(refs, "staging", "a" * 40, None, None).passed


def test_no_answer_is_no_proof() -> None:
    """Not to know is not to have seen."""
    assert not branch_is(None, "staging", "a" * 40, None, None).passed
