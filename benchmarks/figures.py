"""What is measured and what the design promises of it: one row of the table each.

A further part of the product brings what it measured in ``Measured``, its names in ``What``, and a function to
``_SECTIONS``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from benchmarks import media
from benchmarks.birdbath import Birdbath
from benchmarks.codec import Codec
from benchmarks.distance import THERE_AND_BACK_MS
from benchmarks.media import Media
from benchmarks.movers import OURS, RCLONE, Run
from benchmarks.orchestration import Orchestration
from benchmarks.refresh import Refresh
from benchmarks.rivals import Restore
from benchmarks.server import Server
from benchmarks.stages import Profile
from benchmarks.work import Work

MEMORY_BYTES = 150_000_000
BYTES_AN_IDENTIFIER = 16
SHARE_OF_RESTORE = 0.5
WHOLE_REFRESH = 1.0
TIMES_BIRDBATH = 20
IMPORT_SECONDS = 0.5
MEDIA_COLD = 1.1
MEDIA_UNCHANGED = 1.0


class What(StrEnum):
    """Every row of the table, in its order."""

    MEMORY = "Memory of sanitising and proving, and speed"
    SMALLER = "The same on an archive of a tenth"
    LARGER = "The same on an archive of three times the size"
    PROCESSOR = "Sanitise and prove, CPU, against a plain restore"
    REFRESH = "Sanitise, prove and restore, by the clock, against a plain restore"
    STORED = "The same of an archive that the server made and proved at night: restored, checked, swapped in"
    DOCUMENTED = "Sanitise, prove and restore, against restore, SQL, dump and restore"
    BIRDBATH = "Sanitise, prove and restore, against restore and django-birdbath"
    IMPORT = "Import of the definitions beyond Dagster's own"
    STEPS = "A job of ten trivial steps, in one process"
    TICK = "A look of the sensor that finds nothing new"
    UI = "Until the UI shows the assets"
    VERBATIM = "Codec: blocks copied as they stand"
    COUNTED = "Codec: blocks copied, their rows counted"
    REWRITTEN = "Codec: every row taken apart and written anew"
    MEDIA_COLD = "Media, bucket to bucket: nothing there yet"
    MEDIA_UNCHANGED = "Media, bucket to bucket: nothing to do"
    MEDIA_CHANGED = "Media, bucket to bucket: 1 % changed, 1 % gone"
    MEDIA_PULL = "Media, bucket to folder: nothing there yet"
    MEDIA_PULL_UNCHANGED = "Media, bucket to folder: nothing to do"
    MEDIA_PUSH = "Media, folder to bucket"
    MEDIA_KEYS = "Media, very many keys planned: nothing to do"
    MEDIA_COLD_AWAY = f"Media, bucket to bucket, {THERE_AND_BACK_MS} ms away: nothing there yet"
    MEDIA_UNCHANGED_AWAY = f"Media, bucket to bucket, {THERE_AND_BACK_MS} ms away: nothing to do"
    MEDIA_KEYS_AWAY = f"Media, very many keys planned, {THERE_AND_BACK_MS} ms away: nothing to do"
    MEDIA_MEMORY = "Media, ten times as many keys planned: memory"


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
class Archive:
    """An archive of another size, sanitised and proven once.

    Attributes:
        scale: of its production.
        size: in bytes.
        work: what it took.
    """

    scale: int
    size: int
    work: Work


@dataclass(frozen=True)
class Round:
    """Each side of every comparison once, one after the other.

    Attributes:
        work: sanitising and proving, searched by one process.
        refresh: the product's whole way from the backup's address to a verified database.
        plain: the raw archive restored as it is.
        documented: the raw archive restored, changed by SQL, dumped and restored.
    """

    work: Work
    refresh: Refresh
    plain: Restore
    documented: Restore


@dataclass(frozen=True)
class Measured:
    """All that one run measured.

    Attributes:
        size: of the raw archive, in bytes.
        rounds: the comparisons, several times.
        others: archives of other sizes, the smaller first.
        dagster: what Dagster takes.
        server: what a team's server takes.
        profile: where the time of sanitising and proving goes.
        birdbath: the documented way, measured now or by an earlier run; None if there was none.
        codec: the codec alone.
        media: media, moved by several programs.
    """

    size: int
    rounds: Sequence[Round]
    others: Sequence[Archive]
    dagster: Orchestration
    server: Server
    profile: Profile
    birdbath: Birdbath | None
    codec: Codec
    media: Media


def rows(measured: Measured) -> list[Row]:
    """The table."""
    return [row for section in _SECTIONS for row in section(measured)]


def _sizes(measured: Measured) -> list[Row]:
    whole = [each.work for each in measured.rounds]
    names = (What.SMALLER, What.LARGER)
    others = [_memory(what, [each.work]) for what, each in zip(names, measured.others, strict=False)]
    return [_memory(What.MEMORY, whole), *others]


def _comparisons(measured: Measured) -> list[Row]:
    rounds = measured.rounds
    middle = sorted(rounds, key=lambda each: each.work.cpu / each.plain.cpu)[len(rounds) // 2]
    work, plain = middle.work, middle.plain
    shares = [each.work.cpu / each.plain.cpu for each in rounds]
    refresh = [each.refresh.wall / each.plain.wall for each in rounds]
    stored = [each.refresh.restoring / each.plain.wall for each in rounds]
    documented = [each.documented.wall / each.refresh.wall for each in rounds]
    return [
        Row(
            What.PROCESSOR,
            f"{_spread(shares)} of the restore's: {work.cpu:.1f} s (sanitiser {work.sanitiser_cpu:.1f}, "
            f"proof {work.proof_cpu:.1f}) against {plain.cpu:.1f} s (client {plain.client:.1f}, "
            f"server {plain.server:.1f}); by the clock {work.wall:.1f} s against {plain.wall:.1f} s",
            f"at most {SHARE_OF_RESTORE} of the restore's",
            median(shares) <= SHARE_OF_RESTORE,
        ),
        Row(
            What.REFRESH,
            f"{_spread(refresh)} of the restore's, from the backup's address to a database that has passed its checks: "
            f"{middle.refresh.wall:.1f} s ({_stages(middle.refresh)}) against {plain.wall:.1f} s; "
            f"{middle.refresh.cpu:.1f} CPU, {_mb(max(each.refresh.peak for each in rounds))}",
            f"at most {WHOLE_REFRESH:.1f} of the restore's",
            median(refresh) <= WHOLE_REFRESH,
        ),
        Row(
            What.STORED,
            f"{_spread(stored)} of the restore's: {middle.refresh.restoring:.1f} s, and the way from the store",
        ),
        Row(
            What.DOCUMENTED,
            f"{_spread(documented)} times faster than {middle.documented.wall:.1f} s, in which nothing is proven",
        ),
    ]


def _birdbath(measured: Measured) -> list[Row]:
    found = measured.birdbath
    if found is None:
        return [Row(What.BIRDBATH, "not measured yet; `python -m benchmarks --birdbath` does it")]
    times = found.wall / found.refresh
    return [
        Row(
            What.BIRDBATH,
            f"{times:.1f} times faster than {found.wall:,.0f} s (birdbath {found.birdbath.wall:,.0f}) on {found.date} "
            f"at scale {found.scale}: {found.people}; {found.refresh:.1f} s the product's",
            f"at least {TIMES_BIRDBATH} times faster",
            times >= TIMES_BIRDBATH,
        )
    ]


def _dagster(measured: Measured) -> list[Row]:
    imports, steps = measured.dagster.imports, measured.dagster.steps
    held = median(imports) < IMPORT_SECONDS
    return [
        Row(What.IMPORT, f"{_spread(imports)} s", f"under {IMPORT_SECONDS} s", held),
        Row(What.STEPS, f"{_spread(steps)} s"),
    ]


def _server(measured: Measured) -> list[Row]:
    ticks, starts = measured.server.ticks, measured.server.starts
    return [
        Row(
            What.TICK,
            f"{_spread([each.cpu * 1000 for each in ticks])} ms CPU, "
            f"{_spread([each.wall * 1000 for each in ticks])} ms by the clock",
        ),
        Row(
            What.UI,
            f"{_spread([each.wall for each in starts])} s for {starts[0].assets} assets, "
            f"{_spread([each.cpu for each in starts])} CPU for all its processes",
        ),
    ]


def _codecs(measured: Measured) -> list[Row]:
    codec = measured.codec
    return [
        _codec(What.VERBATIM, codec, codec.verbatim),
        _codec(What.COUNTED, codec, codec.counted),
        _codec(What.REWRITTEN, codec, codec.rewritten),
    ]


def _media(measured: Measured) -> list[Row]:
    found = measured.media
    return [
        _nothing_there(What.MEDIA_COLD, found, media.COLD),
        _nothing_to_do(What.MEDIA_UNCHANGED, found, media.UNCHANGED),
        Row(What.MEDIA_CHANGED, _programs(found, media.CHANGED)),
        Row(What.MEDIA_PULL, _programs(found, media.PULL)),
        Row(What.MEDIA_PULL_UNCHANGED, _programs(found, media.PULL_UNCHANGED)),
        Row(What.MEDIA_PUSH, _programs(found, media.PUSH)),
        _nothing_to_do(What.MEDIA_KEYS, found, media.KEYS),
        _nothing_there(What.MEDIA_COLD_AWAY, found, media.COLD_AWAY),
        _nothing_to_do(What.MEDIA_UNCHANGED_AWAY, found, media.UNCHANGED_AWAY),
        _nothing_to_do(What.MEDIA_KEYS_AWAY, found, media.KEYS_AWAY),
        Row(What.MEDIA_MEMORY, f"{found.most_keys:,} keys a side: {_program(OURS, [found.most])}"),
    ]


def _nothing_there(what: What, found: Media, done: str) -> Row:
    """A cold copy, near or far; requests were counted near, and for both."""
    an_object = found.requests[media.COLD][OURS] == media.COUNTED + found.requests[media.UNCHANGED][OURS]
    counted = f"; {_requests(found, done)}" if done in found.requests else ""
    return Row(
        what,
        f"{found.objects:,} objects, {_mb(found.size)}: {_programs(found, done)}{counted}",
        f"at most {MEDIA_COLD} of the fastest's, and one request an object",
        median(_shares(found, done)) <= MEDIA_COLD and an_object,
    )


def _nothing_to_do(what: What, found: Media, done: str) -> Row:
    """A run that changes nothing, of the objects or of the many keys, near or far."""
    many = done in (media.KEYS, media.KEYS_AWAY)
    sides = f"{found.keys:,} keys a side" if many else f"{found.objects:,} objects"
    only_lists = many or found.requests[media.UNCHANGED][OURS] == 2
    counted = f"; {_requests(found, done)}" if done in found.requests else ""
    return Row(
        what,
        f"{sides}: {_programs(found, done, RCLONE)}{counted}",
        f"at most {MEDIA_UNCHANGED:.1f} of rclone's{'' if many else ', and only listings'}",
        median(_shares(found, done, RCLONE)) <= MEDIA_UNCHANGED and only_lists,
    )


_SECTIONS: tuple[Callable[[Measured], list[Row]], ...] = (
    _sizes,
    _comparisons,
    _birdbath,
    _dagster,
    _server,
    _codecs,
    _media,
)


def _shares(found: Media, what: str, rival: str = "", *, start: bool = False) -> list[float]:
    """Our time against a rival's of the same round, or the fastest other's if none is named; with our start or not."""
    others = [
        [run.wall for name, run in each[what].items() if name != OURS and rival in ("", name)] for each in found.rounds
    ]
    own = [each[what][OURS].wall + start * each[what][OURS].start for each in found.rounds]
    return [ours / min(walls) for ours, walls in zip(own, others, strict=True)]


def _programs(found: Media, what: str, rival: str = "") -> str:
    """Our share of a rival's time, or of the fastest other's if none is named, and what each program took."""
    names = sorted(found.rounds[0][what], key=lambda name: (name != OURS, name))
    each = [_program(name, [one[what][name] for one in found.rounds]) for name in names]
    as_a_command = median(_shares(found, what, rival, start=True))
    return (
        f"{_spread(_shares(found, what, rival))} of {rival or 'the fastest other'}'s, {as_a_command:.2f} with Python's "
        f"start: {'; '.join(each)}"
    )


def _program(name: str, runs: Sequence[Run]) -> str:
    seconds, processor = median(run.wall for run in runs), median(run.cpu for run in runs)
    wrong = "" if all(run.right for run in runs) else ", with a wrong result"
    return f"{name} {seconds:.2f} s ({processor:.2f} CPU), {_mb(max(run.peak for run in runs))}{wrong}"


def _requests(found: Media, what: str) -> str:
    counts = ", ".join(f"{name} {count:,}" for name, count in found.requests[what].items())
    return f"requests for {media.COUNTED} objects: {counts}"


def _spread(values: Sequence[float]) -> str:
    """The median, with the least and the most."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _stages(refresh: Refresh) -> str:
    return ", ".join(f"{name.lower()} {seconds:.1f}" for name, seconds in refresh.stages.items())


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


def _codec(what: What, codec: Codec, seconds: float) -> Row:
    return Row(what, f"{codec.rows / seconds:,.0f} rows/s, {_mb(codec.text_bytes / seconds)}/s of text")


def _mb(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"
