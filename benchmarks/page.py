"""The table in a terminal, and docs/benchmarks.md with its figures and its picture."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from rich.table import Table

from bc_pipelines.media.bucket import AT_ONCE
from benchmarks import production
from benchmarks.birdbath import Birdbath
from benchmarks.distance import THERE_AND_BACK_MS
from benchmarks.figures import Measured, Row
from benchmarks.media import KEYS_A_FOLDER
from benchmarks.picture import draw, draw_profile
from benchmarks.stages import Profile

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEADINGS = ("What", "Figure", "Bar", "Held")

_TEXT = """\
# Benchmarks

Written by `make bench`, which makes a production, dumps it through a pipe as Heroku does, and measures on that dump
what the design promises. Figures depend on the machine, ratios less so.

{facts}

{table}

![Processor seconds of three ways from a backup to a staging database](benchmarks.svg)

Every figure of every round: [benchmarks.json](benchmarks.json).

## Where the time of sanitising and proving goes

{profile}

![Processor seconds of each stage of sanitising and proving](benchmarks-profile.svg)

Taken in a run of its own, by a timer that looks a few hundred times a second of work; that costs a hundredth, and no
ratio above has it. What a stage calls is counted with it, so that text that is cut up to take identifiers from it is
the taking's. Waiting is not in it: in a real run the proof reads along with the sanitiser, the slower of the two holds
up the other, and the search begins when the copy is written.

## How it is measured

- **Production** is the sandbox's site, migrated and seeded by its own commands. SQL then repeats what the public sent
  in, and page revisions are added in bulk, because on a real site those are most of a backup. A page's revisions share
  all but a few of their blocks.
- **CPU** is user and system time of all processes taken together, start of the interpreter included. A plain restore is
  `pg_restore --jobs=2` of the raw archive into an empty database; the server's share is that of all its processes. The
  server runs without fsync and autovacuum, which makes the restore look cheaper than it is. Rounds in which both run,
  one after the other: {repeat}. Ratios are medians, with the least and the most; seconds are of the round in the
  middle. What the clock says counts for little, because it knows who else was busy.
- **The whole refresh** is what `bucks pull data` does with a backup's address, in a process of its own, by the
  product's own functions: downloaded by Range over TLS from this machine, sanitised on the way for profile `local` and
  proven, restored by as many jobs as there are cores, every table counted against the manifest, searched for what the
  public sent in, analysed, swapped in by name. The plain restore has none of that, and has its archive on the disk.
  Developers mostly pull an archive that the server sanitised and proved at night, from the store, as the next row has.
- **Restore and django-birdbath** is the plain restore and then `run_birdbath` on the sandbox's site, with processors
  like the council's own: e-mail addresses and passwords of accounts, form submissions, search queries, both tables of
  alerts. Hashing takes a fixed time an account, and Wagtail looks into its index of references for every alert that is
  deleted, so it grows with the people and not with the pages. It is measured once a release and kept until then; times
  are against the refresh of the same day.
- **Restore, SQL, dump and restore** is what it takes to have the council's documented clean-up leave no dead rows
  behind. It misses most of the places where people stand, and nothing proves what it left.
- **Memory** is the most that a process ever had resident. The sanitiser and the proof are two processes, and the bar
  holds for each.
- **The import** is what `import bc_pipelines.definitions` takes after `import dagster`, in CPU seconds.
- **The steps** run in one process with a throw-away instance; the seconds are by the clock.
- **A look of the sensor** is one evaluation of `new_production_backup` with its definitions loaded, at a simulator of
  Heroku that is asked over TLS; the daemon's own way to it is not in it. **The UI** is `bucks ui`, as `make ui` runs
  it, with its storage in PostgreSQL: code server, webserver and daemon, from the command to the first answer of the
  webserver that has the project's assets; CPU is until all have ended.
- **The codec** passes all rows of the archive in one process. Each way does more than the one before: bytes as
  they stand; decompressed to count rows; split into fields, joined and compressed anew.
- **Media** go through the programs in turn, on one local server (`rclone serve s3`). Ours runs as the step of a reset
  that it is, in a process that has spoken to S3 before: the bars are for that, and the ratio with the start of Python,
  as somebody at a terminal has it, stands beside it. A step that used another program would have to start it each
  time, so that their starts count. Ratios are by the clock, and where somebody else is busy they favour whoever needs
  the processor least. rclone runs as `sync --checksum --fast-list`, the others as they come, each with {at_once}
  requests at once. Requests are counted in the log of another server, for few objects. Many keys are spread over
  folders of {keys_a_folder}.
- **{away} ms away** is the same server behind a relay on this machine, which holds every chunk back for half of that in
  each direction: Amazon's small requests take some tens of milliseconds at the median, as AWS says. Connections open
  at once, and the width of the way is not limited. The other rows have a server that answers at once, so that what
  counts there is the programs' own work; on a council's machine it is both.
- **Ten times as many keys** lie in a server that makes up the pages of a listing when asked, because real ones would
  need gigabytes for them. It is unlike S3 in all else, so that of this row only the memory counts.

{notes}"""
_NOTES = """\
## What stands in the way of the bars that are not held

**A half of a restore's CPU.** Text that nobody has seen before. Of the revisions' text about a fifth is new, and each
of its words is cut out, folded and looked up, at about 12 MB a second; what was seen before passes at about 500. That
is most of the search, which is half of all. Taking identifiers from what was sent in, and from drafts, is a quarter
(about 20 µs a form: half of that JSON and texts as a whole, half addresses and numbers that may hide anywhere).
Sanitising is a sixth, of which packing and unpacking are a quarter. By the picture above no single stage is worth more
than a quarter, and nearly all of them are Python's work on single words: a half of a restore would need compiled code
of the project's own for all of it.

**A restore's time by the clock.** The search can only begin when the archive is written, because the last table may
name whoever stands in the first, and the restore only when it is proven, because personal data must not arrive. What
is left, restoring and looking, takes half of a plain restore, and that is all that a developer's daily pull does.

**Twenty times django-birdbath.** Most of its time is hashing, a fixed time an account, so the factor follows from how
many accounts there are to a gigabyte of drafts.

**Copies on the same machine.** One takes 0.9 ms of our processor and half of that of rclone's, because botocore makes
each request in Python; it sees to retries, signatures and endpoints, and own code for that would gain nothing over a
network, where the bar is held. The first rounds suffer from it most: once the server has served a few, it is slower
itself, for everybody, and both take the same time (nine rounds of these 2,000 objects against rclone alone, on
2026-11-29: 1.00 at the median, 1.52 in the first).

## What else is known

**Few files at a terminal.** A program of rclone's kind starts in a twentieth of a second and Python with botocore in a
fifth, which is most of what a command with little to do takes; with tens of thousands of keys it no longer counts.

## What paid, and what did not

Paid, the latest first:

- asking both buckets for their first pages at once, which halves a run with nothing to do at a distance;
- thirty-two copies at a time instead of sixteen, which saves a third at a distance;
- reading pages of listings with one expression instead of two trees, and splitting a listing only where its answers
  are waited for;
- for a local database, lz4 in the place of PostgreSQL's older compression of long texts: nearly half of a restore;
- taking identifiers from whole columns at once, with one reading of JSON for a batch of rows, and the plain way only
  for what is not simple;
- Python's own hash of a text, which is keyed and which sets need anyway, instead of BLAKE2b;
- passing text on between rows without splitting it into them, unless a key that a rule names stands there;
- telling dates from telephone numbers before taking them apart, and looking for runs of digits in a translated copy
  instead of with a pattern;
- decoding thousands of runs of base64 in one go;
- remembering what becomes of short log entries, and sections in a table that has room for a million;
- having the C library keep a few megabytes;
- isa-l instead of zlib, which unpacks in a third and packs in a quarter of the time at a slightly smaller size;
- enums hashed by identity, and lists in the place of generators inside generators.

Did not:

- larger tables of what was seen, which take 40 MB more for 6 % of the search, and smaller ones;
- examining more new text at once, or less, because what is gained by looking a word up once is lost to the
  processor's cache; sets of texts instead of a table of hashes, for the same reason and with four times the memory;
- splitting and joining instead of replacing double spaces, whose small objects cost more than they save;
- the C library's allocator in the place of Python's;
- isa-l's level 3, which takes twice the time for 15 % of the size; zlib-ng, which at the same size packs at less than
  half of isa-l's speed;
- unpacking a megabyte at a time, which tore holes into the memory that long values need;
- blocks copied as they stand, where one draft in twenty-five holds a comment: a compressed block is one stream;
- requests to S3 signed and sent without botocore's client: half of its processor time, a twentieth by the clock.

Not tried: numpy, which takes a tenth of a second to be imported; orjson, because reading JSON is no more than a
hundredth of it all.

## Larger sites

Time grows with the text, and memory does not. Where a gigabyte takes forty-five seconds of a core, 20 GB take fifteen
minutes, and not much more than half of that with two processes; that is beyond what Heroku's own backups are made for.
200 GB take two and a half hours of a core. One would take a dump in directory format, which has a file a table, from a
follower, and sanitise and search tables on as many cores as there are, the largest split by rows: with ten, each
unpacks what it does not look into at about 2 GB a second, which adds less than two minutes to the fifteen of its own
share.
"""


def facts(server: str, scale: int) -> dict[str, str]:
    """What a reader must know to judge the figures; nothing that names the machine.

    Args:
        server: PostgreSQL's version.
        scale: of the production.
    """
    return {
        "Date": date.today().isoformat(),  # noqa: DTZ011  a day is precise enough in any time zone
        "Cores": str(len(os.sched_getaffinity(0))),
        "Python": platform.python_version(),
        "PostgreSQL": server,
        "Production": (
            f"scale {scale:,}, with {scale * production.REVISIONS:,} page revisions, "
            f"{scale * production.SUBMISSIONS:,} form submissions, {scale * production.ALERTS:,} alerts and "
            f"{scale * production.ACCOUNTS:,} accounts"
        ),
    }


def table(rows: Sequence[Row]) -> Table:
    """The table for a terminal."""
    shown = Table(*HEADINGS, title="Benchmarks")
    for row in rows:
        shown.add_row(*_cells(row), style="red" if row.held is False else None)
    return shown


def kept(path: Path) -> Birdbath | None:
    """What an earlier run, whose figures lie beside a page, measured of django-birdbath; None if none did."""
    figures = path.with_suffix(".json")
    if not figures.exists():
        return None
    known = json.loads(figures.read_text(encoding="utf-8"))["measured"].get("birdbath")
    return Birdbath.from_json(known) if known else None


def write(path: Path, rows: Sequence[Row], known: Mapping[str, str], measured: Measured) -> None:
    """Write the page, and beside it the figures and the pictures.

    Args:
        path: the file, made anew.
        rows: the table.
        known: what ``facts`` says.
        measured: the figures.
    """
    lines = [HEADINGS, ("---",) * len(HEADINGS), *map(_cells, rows)]
    text = _TEXT.format(
        facts="\n".join(
            f"- {name}: {value}" for name, value in {**known, "Raw archive": f"{measured.size / 1e6:,.1f} MB"}.items()
        ),
        table=_lines(lines),
        profile=_profile(measured.profile),
        repeat=len(measured.rounds),
        keys_a_folder=KEYS_A_FOLDER,
        away=THERE_AND_BACK_MS,
        at_once=AT_ONCE,
        notes=_NOTES,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    figures = json.dumps({"facts": dict(known), "measured": asdict(measured)}, indent=1)
    path.with_suffix(".json").write_text(f"{figures}\n", encoding="utf-8")
    draw(path.with_suffix(".svg"), measured)
    draw_profile(path.with_name(f"{path.stem}-profile.svg"), measured.profile)


def _profile(profile: Profile) -> str:
    """A line each stage: its share of all, and the seconds of either process."""
    whole = sum((*profile.sanitiser.values(), *profile.proof.values()))
    lines = [("Stage", "Share", "Sanitiser, CPU s", "Proof, CPU s"), ("---", "---:", "---:", "---:")]
    for name, proof in profile.proof.items():
        sanitiser = profile.sanitiser[name]
        lines.append((name, f"{(sanitiser + proof) / whole:.0%}", f"{sanitiser:.2f}", f"{proof:.2f}"))
    return _lines(lines)


def _lines(lines: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row) -> tuple[str, ...]:
    held = {True: "yes", False: "**no**", None: "-"}[row.held]
    return row.what.value, row.figure, row.bar or "-", held
