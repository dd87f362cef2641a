"""What a git server says that it holds, asked over HTTP and not by git, and whether that is as it must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx

from bc_pipelines.checks.verdict import Row, Verdict

_SECONDS = 60.0


def advertised(url: str, user: str, password: str) -> Mapping[str, str] | None:
    """Ask for every branch and tag, as any git does first (gitprotocol-http(5), "Smart Server Response").

    Args:
        url: the repository's address.
        user: for basic auth.
        password: for basic auth; empty for a repository that anybody may read.

    Returns:
        Full names with what they point at; None where the server gave no such answer.
    """
    auth = httpx.BasicAuth(user, password) if password else None
    try:
        with httpx.Client(timeout=_SECONDS) as client:
            answer = client.get(f"{url.rstrip('/')}/info/refs", params={"service": "git-upload-pack"}, auth=auth)
    except httpx.HTTPError:
        return None
    if answer.status_code != httpx.codes.OK:
        return None
    try:
        lines = [line.partition(b"\0")[0].decode(errors="replace") for line in _packets(answer.content)]
        pairs = (line.rstrip("\n").split(" ", 1) for line in lines if not line.startswith("#"))
        return {name: commit for commit, name in pairs}
    except ValueError:
        return None


def branch_is(
    refs: Mapping[str, str] | None, branch: str, expected: str, tag: str | None, tagged: str | None
) -> Verdict:
    """Whether a branch is at a commit, and a tag keeps another.

    Args:
        refs: what the server said; None where it did not answer.
        branch: the branch's name.
        expected: where it must be.
        tag: the tag's name; None where there need not be one.
        tagged: what it must keep.
    """
    if refs is None:
        return Verdict(False, "The repository gave no answer that could be read, so it is not known what it holds.")
    wanted = {f"refs/heads/{branch}": expected} | ({f"refs/tags/{tag}": tagged or ""} if tag else {})
    rows: tuple[Row, ...] = tuple(
        {"what": name, "must be": commit, "is": refs.get(name, "not there"), "same": refs.get(name) == commit}
        for name, commit in wanted.items()
    )
    wrong = [f"{row['what']} is {row['is']}, not {row['must be']}" for row in rows if not row["same"]]
    if wrong:
        return Verdict(False, f"The repository does not hold what it must: {'; '.join(wrong)}.", {}, rows)
    kept = f", and the tag {tag} keeps what it was" if tag else ""
    return Verdict(True, f"{branch} is {expected[:12]}{kept}.", {}, rows)


def _packets(content: bytes) -> Iterator[bytes]:
    """The lines of gitprotocol-common(5), "pkt-line Format"."""
    place = 0
    while place < len(content):
        length = int(content[place : place + 4], 16)
        if length > len(content) - place:
            raise ValueError
        if length > 4:
            yield content[place + 4 : place + length]
        place += max(length, 4)
