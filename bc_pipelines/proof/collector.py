"""The parent's side of the proof: start its process, copy the raw stream to it, ask for the result.

Belongs here: pipes and their ends. Does not belong here: identifiers, which this process never sees but for those that
a terminal asks to be shown.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Literal, Self, cast

from bc_pipelines.proof.errors import ProofFailed
from bc_pipelines.proof.result import Match, Proof

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SEARCH_SECONDS = 4 * 3600.0
_END_SECONDS = 10.0
# Nothing of this process's own environment, which holds tokens, is needed there. A row may have 32 MB, and the C
# library gives memory of that size back at once only if it is told not to raise its threshold, and asks for the rest
# over and over unless it is told to keep some (mallopt(3)). The hashes
# that the proof remembers have a key that the process draws for itself, whatever the machine's settings are.
_ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "random",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 20),
}
_CONSEQUENCE = "The proof could not be carried out, so the written archive is not proven and must not be used."


class Collector:
    """A process that gathers identifiers from a raw archive while somebody else reads it.

    Use it as a context manager; leaving it ends the process, whatever happened.

    Args:
        staff_domains: e-mail domains of accounts that are kept by choice; none for a copy that keeps nobody.
        staff_passwords: whether their password hashes stay as well, as in the privacy policy.
        public: e-mail addresses, telephone numbers, names and words that somebody looked at and declared public.
        show: what prints texts that fail the proof to a terminal; called before ``search`` returns, a few hundred times
            at most. Without it no text comes out of the process.
        deadline: how long the search may take once the raw archive has been read, in seconds.
    """

    def __init__(
        self,
        *,
        staff_domains: Iterable[str],
        staff_passwords: Literal["keep", "replace"] = "keep",
        public: Sequence[str] = (),
        show: Callable[[Match], None] | None = None,
        deadline: float = SEARCH_SECONDS,
    ) -> None:
        self._choices = {
            "staff_domains": sorted(staff_domains),
            "staff_passwords": staff_passwords,
            "public": list(public),
            "shows": show is not None,
        }
        self._show = show
        self._deadline = deadline

    def __enter__(self) -> Self:
        archive, self._archive = os.pipe()
        commands, self._commands = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bc_pipelines.proof", str(commands)],
                stdin=archive,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(commands,),
                env=_ENVIRONMENT,
            )
        except OSError as error:
            self._close_pipes()
            raise ProofFailed(f"The proof's process could not be started: {error.strerror}. {_CONSEQUENCE}") from None
        finally:
            os.close(archive)
            os.close(commands)
        self._command(self._choices)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close_pipes()
        try:
            self._process.wait(_END_SECONDS if self._process.poll() is None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def tee(self, source: BinaryIO) -> BinaryIO:
        """A stream that reads from another and copies every byte to the proof's process.

        Args:
            source: the raw archive. It is not closed.

        Returns:
            A stream for reading. Its ``read`` raises ProofFailed if the process has died, and otherwise waits for it
            where it is slower than the reader.
        """
        return cast(BinaryIO, _Tee(source, self._copy))

    def search(self, target: Path, jobs: int = 1) -> Proof:
        """End the raw stream, have the written archive searched, and wait for the result.

        Args:
            target: the written archive.
            jobs: how many processes search it; what they find does not depend on it.

        Raises:
            ProofFailed: there is no result: the raw stream was cut short, the written archive cannot be read, or the
                process died or took too long.
        """
        self._close_archive()
        self._command({"target": str(target.resolve()), "jobs": jobs})
        try:
            output, _ = self._process.communicate(timeout=self._deadline)
        except subprocess.TimeoutExpired:
            raise ProofFailed(f"The search did not end within {self._deadline:.0f} seconds. {_CONSEQUENCE}") from None
        proof, matches = _answer(output)
        if self._show:
            for match in matches:
                self._show(match)
        return proof

    def _copy(self, data: bytes) -> None:
        if self._archive < 0:
            if data:
                raise ProofFailed(f"The raw archive was read on after the search had begun. {_CONSEQUENCE}")
            return
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._archive, view) :]
        except BrokenPipeError:
            raise self._died() from None

    def _died(self) -> ProofFailed:
        """What can still be learnt from the process, which does not read any more."""
        self._close_pipes()
        try:
            output, _ = self._process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            output = b""
        try:
            _answer(output)
        except ProofFailed as error:
            return error
        return ProofFailed(f"The proof's process ended before the raw archive did. {_CONSEQUENCE}")

    def _command(self, command: Mapping[str, object]) -> None:
        # A process that has died is noticed where its answer is read.
        with contextlib.suppress(BrokenPipeError, OSError):
            os.write(self._commands, json.dumps(command).encode() + b"\n")

    def _close_archive(self) -> None:
        if self._archive >= 0:
            os.close(self._archive)
            self._archive = -1

    def _close_pipes(self) -> None:
        self._close_archive()
        if self._commands >= 0:
            os.close(self._commands)
            self._commands = -1


class _Tee(io.RawIOBase):
    def __init__(self, source: BinaryIO, copy: Callable[[bytes], None]) -> None:
        self._source = source
        self._copy_on = copy

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.read(len(view))
        self._copy_on(data)
        view[: len(data)] = data
        return len(data)


def _answer(output: bytes) -> tuple[Proof, list[Match]]:
    """The process's answer.

    Raises:
        ProofFailed: it is an error, or none came.
    """
    try:
        answer = json.loads(output)
        if "error" in answer:
            raise ProofFailed(f"{answer['error']}. {_CONSEQUENCE}")
        return Proof.from_json(answer["proof"]), [Match(**match) for match in answer["matches"]]
    except (ValueError, TypeError, KeyError):
        raise ProofFailed(f"The proof's process ended without an answer. {_CONSEQUENCE}") from None
