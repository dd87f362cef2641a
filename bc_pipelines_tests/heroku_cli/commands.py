"""The Heroku CLI as a test uses it: one command at a time, hermetically, with everything that it tried to reach."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines.sandbox.environment import cli_environment
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.heroku_cli.install import HERE, Node

MARK = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
SECONDS = 90
"""A bound for one command; one second is usual, and the longest wait for transfers or dynos."""


@dataclass(frozen=True)
class Result:
    """How a command ended.

    Attributes:
        code: its exit code.
        output: standard output, where the CLI puts tables and addresses.
        errors: standard error, where it puts progress and problems.
    """

    code: int
    output: str
    errors: str

    @property
    def shown(self) -> str:
        """Both streams as one line, without the CLI's line breaks and the mark in the margin of its warnings."""
        return " ".join(f"{self.output} {self.errors}".replace(MARK, " ").split())


@dataclass(frozen=True)
class Reached:
    """Something that the CLI's processes tried.

    Attributes:
        kind: `connection`, `name` (a look-up), `datagram` or `program`.
        target: the host, or the program's name.
        allowed: whether it was let through.
    """

    kind: str
    target: str
    allowed: bool


class HerokuCli:
    """The CLI, pointed at a running sandbox with the environment that `bucks sandbox env --part cli` prints.

    Args:
        node: what runs it.
        program: its program.
        world: the sandbox.
        folder: an empty folder to run it in: the CLI looks for an app in the git repository around it.
    """

    def __init__(self, node: Node, program: Path, world: World, folder: Path) -> None:
        self._program = [str(node.program), str(program)]
        self._folder = folder
        self._log = folder.with_suffix(".jsonl")
        self._environment = {
            "PATH": os.environ["PATH"],
            **cli_environment(world),
            "NODE_OPTIONS": f"--require {json.dumps(str(HERE / 'loopback_only.cjs'))}",
            "LOOPBACK_ONLY_LOG": str(self._log),
            # From Node 22 on, a quarter of each command's time.
            "NODE_COMPILE_CACHE": str(program.parent / "compiled"),
        }

    def run(self, *arguments: str, **variables: str) -> Result:
        """Run one command, without a terminal.

        Args:
            arguments: the command and its arguments.
            variables: what is different in its environment.

        Returns:
            How it ended.
        """
        done = subprocess.run(
            [*self._program, *arguments],
            env={**self._environment, **variables},
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def good(self, *arguments: str) -> Result:
        """Run one command that must succeed."""
        result = self.run(*arguments)
        assert result.code == 0, result.shown
        return result

    def reached(self) -> list[Reached]:
        """Tell what was tried since the last call."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return [Reached(**json.loads(line)) for line in lines]
