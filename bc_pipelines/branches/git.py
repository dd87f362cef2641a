"""Running git: hermetic, with a deadline, and with credentials that stand on no command line and in no file.

Belongs here: the environment of git, its end, and its complaints in words. Does not belong here: what is asked of it.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bc_pipelines.branches.errors import BranchesError, Unclear
from bc_pipelines.repository import Repository

_SAID = 200
# What git and libcurl say (seen with git 2.39, both of libcurl's builds), and what it means.
_COMPLAINTS = (
    (
        r"could not read (?:Username|Password)|Authentication failed|error: 40[13]\b",
        "refused the user and password of BC_GIT_USER and BC_GIT_PASSWORD, or they may not do this",
    ),
    (r"repository .* not found|error: 404\b", "is not there, or may not be seen with BC_GIT_USER and BC_GIT_PASSWORD"),
    (r"error: 30\d\b|redirect", "leads to another address: write that one into repository.url"),
    (r"certificate|SSL|TLS|gnutls", "could not be reached: its certificate is not trusted, or TLS failed"),
    (
        r"Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out)|timed out"
        r"|Operation too slow|hung up unexpectedly|early EOF|Empty reply|Recv failure|error: 5\d\d\b",
        "could not be reached, or stopped answering",
    ),
)


@dataclass(frozen=True)
class Answer:
    """What a command of git left: its exit code, its standard output and its complaints."""

    code: int
    out: bytes
    said: str

    @property
    def text(self) -> str:
        """Standard output without the last line's end; names of files and branches may be in any encoding."""
        return self.out.decode(errors="replace").rstrip("\n")


class Git:
    """Git on one bare repository of this machine, beside the remote one.

    Args:
        folder: the bare repository.
        remote: where the site's repository is, and who asks.
        deadline: for each command.
    """

    def __init__(self, folder: Path, remote: Repository, deadline: timedelta) -> None:
        self.folder = folder
        self.remote = remote
        self._deadline = deadline.total_seconds()
        self._program = shutil.which("git", path=remote.network.get("PATH", os.defpath))

    def run(
        self, *arguments: str, given: Mapping[str, str] | None = None, fine: tuple[int, ...] = (0,), stdin: bytes = b""
    ) -> Answer:
        """Run one command.

        Args:
            arguments: the command and its arguments, without any secret.
            given: further environment variables.
            fine: exit codes that are an answer.
            stdin: what it reads.

        Raises:
            BranchesError: the remote repository does not answer as it should, or git did not end in time.
            Unclear: git ended with another exit code, for a reason that nobody foresaw.
        """
        if self._program is None:
            raise BranchesError("There is no git in PATH. Install it where this runs.")
        command = [self._program, f"--git-dir={self.folder}", *arguments]
        process = subprocess.Popen(
            command,
            env={**environment(self.remote), **(given or {})},
            # Never inside somebody's checkout, whose configuration git would read.
            cwd=self.folder.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Git has helpers of its own, which must end with it.
            start_new_session=True,
        )
        try:
            out, said = process.communicate(stdin, timeout=self._deadline)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise BranchesError(
                    f"git {arguments[0]} did not end within {self._deadline / 60:g} minutes "
                    f"(deadlines.git_minutes); the repository is {self.remote.url}."
                ) from None
            raise
        answer = Answer(process.returncode, out, said.decode(errors="replace"))
        if answer.code not in fine:
            raise self.complaint(arguments[0], answer)
        return answer

    def complaint(self, command: str, answer: Answer) -> BranchesError:
        """What an answer means that is none, as an exception to raise."""
        # Lines of "remote:" are the server's own words, which could be anything.
        lines = [line for line in answer.said.splitlines() if re.match(r"(fatal|error): ", line)]
        # Without the address, in which any of the words may stand.
        told = "\n".join(lines).replace(self.remote.url, "")
        for pattern, meaning in _COMPLAINTS:
            if re.search(pattern, told, re.IGNORECASE):
                return BranchesError(f"The repository {self.remote.url} {meaning}.")
        first = self._without_secrets("".join(c if c.isprintable() else " " for c in lines[0])) if lines else "nothing"
        return Unclear(f"git {command} ended with {answer.code} and said: {first[:_SAID]}")

    def _without_secrets(self, said: str) -> str:
        for secret in filter(None, (self.remote.password, _credentials(self.remote))):
            said = said.replace(secret, "…")
        return said


def environment(remote: Repository) -> dict[str, str]:
    """All that git is told: no configuration of the user's or the system's, no prompt, no other protocol than https."""
    configuration = {
        "core.hooksPath": os.devnull,
        "credential.helper": "",
        "fetch.recurseSubmodules": "false",
        # It would go on in the background, behind the deadline's back.
        "gc.autoDetach": "false",
        # Credentials go where they were meant to go.
        "http.followRedirects": "false",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": "60",
    }
    if remote.password:
        configuration[f"http.{remote.url}.extraHeader"] = f"Authorization: Basic {_credentials(remote)}"
    variables = {
        "PATH": os.defpath,
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": "https",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(configuration)),
        **remote.network,
    }
    if "SSL_CERT_FILE" in remote.network:
        # Libcurl does not read that one.
        variables["GIT_SSL_CAINFO"] = remote.network["SSL_CERT_FILE"]
    for number, (key, value) in enumerate(configuration.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _credentials(remote: Repository) -> str:
    return base64.b64encode(f"{remote.user}:{remote.password}".encode()).decode()
