"""What is measured and what the design promises of it: one row of the table each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from benchmarks.codec import Codec
from benchmarks.work import Work

MEMORY_BYTES = 150_000_000
BYTES_AN_IDENTIFIER = 16
SHARE_OF_RESTORE = 0.5
IMPORT_SECONDS = 0.5


class What(StrEnum):
    """Every row of the table, in its order."""

    MEMORY = "Memory of sanitising and proving, and speed"
    MEMORY_SMALL = "The same with a quarter of the page revisions"
    PROCESSOR = "Sanitise and prove, CPU, against a plain restore"
    IMPORT = "Import of the definitions beyond Dagster's own"
    VERBATIM = "Codec: blocks copied as they stand"
    COUNTED = "Codec: blocks copied, their rows counted"
    REWRITTEN = "Codec: every row taken apart and written anew"


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        what: what was measured.
        figure: what came out.
        bar: what the design promises; empty where it promises nothing.
        held: whether the promise is kept; None where there is none.
    """

    what: What
    figure: str
    bar: str = ""
    held: bool | None = None


@dataclass(frozen=True)
class Restore:
    """What one ``pg_restore -j 2`` took.

    Attributes:
        client: processor seconds of pg_restore.
        server: of all processes of the server.
        wall: seconds by the clock.
    """

    client: float
    server: float
    wall: float

    @property
    def cpu(self) -> float:
        """Processor seconds of both together."""
        return self.client + self.server


@dataclass(frozen=True)
class Measured:
    """All that one run measured.

    Attributes:
        small: the small archive, sanitised and proven.
        pairs: the large archive sanitised and proven, and restored as it is, one after the other, several times.
        imports: processor seconds of importing the definitions once Dagster is there, several times.
        codec: the codec alone, on the large archive.
    """

    small: Work
    pairs: Sequence[tuple[Work, Restore]]
    imports: Sequence[float]
    codec: Codec


def rows(measured: Measured) -> list[Row]:
    """The table, one row for each of ``What``."""
    codec = measured.codec
    return [
        _memory(What.MEMORY, [work for work, _ in measured.pairs]),
        _memory(What.MEMORY_SMALL, [measured.small]),
        _processor(measured.pairs),
        _import(median(measured.imports)),
        _codec(What.VERBATIM, codec, codec.verbatim),
        _codec(What.COUNTED, codec, codec.counted),
        _codec(What.REWRITTEN, codec, codec.rewritten),
    ]


def _memory(what: What, works: Sequence[Work]) -> Row:
    sanitiser = max(work.sanitiser_peak for work in works)
    proof = max(work.proof_peak for work in works)
    identifiers = works[0].identifiers
    speed = median(work.bytes_read / work.cpu for work in works)
    by_the_clock = median(work.bytes_read / work.wall for work in works)
    bar = MEMORY_BYTES + BYTES_AN_IDENTIFIER * identifiers
    return Row(
        what,
        f"sanitiser {_mb(sanitiser)}, proof {_mb(proof)}, {identifiers:,} identifiers; "
        f"{speed:,.0f} bytes of archive a CPU second, {by_the_clock:,.0f} by the clock",
        f"each at most 150 MB + {BYTES_AN_IDENTIFIER} bytes an identifier: {_mb(bar)}",
        max(sanitiser, proof) <= bar,
    )


def _processor(pairs: Sequence[tuple[Work, Restore]]) -> Row:
    shares = sorted((work.cpu / restore.cpu, work, restore) for work, restore in pairs)
    share, work, restore = shares[len(shares) // 2]
    return Row(
        What.PROCESSOR,
        f"{share:.2f} of the restore's: {work.cpu:.1f} s (sanitiser {work.sanitiser_cpu:.1f}, "
        f"proof {work.proof_cpu:.1f}) against {restore.cpu:.1f} s (client {restore.client:.1f}, "
        f"server {restore.server:.1f}); by the clock {work.wall:.1f} s against {restore.wall:.1f} s",
        f"at most {SHARE_OF_RESTORE} of the restore's",
        share <= SHARE_OF_RESTORE,
    )


def _import(seconds: float) -> Row:
    return Row(What.IMPORT, f"{seconds:.2f} s", f"under {IMPORT_SECONDS} s", seconds < IMPORT_SECONDS)


def _codec(what: What, codec: Codec, seconds: float) -> Row:
    return Row(what, f"{codec.rows / seconds:,.0f} rows/s, {_mb(codec.text_bytes / seconds)}/s of text")


def _mb(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"
