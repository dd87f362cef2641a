"""One input on its way through reader, sanitiser and writer, and through the codec alone; what came of it in a word."""

import io
from functools import cache
from random import Random

from bc_pipelines.pgarchive import ArchiveError, ArchiveReader, ArchiveWriter, copytext
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.errors import PrivacyError
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.sanitiser import sanitise
from benchmarks.fuzz import bytewise, structural

_BOMBS = 0.004
_DAMAGES = (*bytewise.ALL, *structural.ALL)
_POLICY = Policy(
    "staging",
    frozenset(("buckinghamshire.example", "torchbox.example")),
    "keep",
    "sink@mail.example",
    "a shared password",
)


def damaged(corpus: list[bytes], seed: int, number: int) -> bytes:
    """The input of a number: the same for the same corpus and seed."""
    random = Random(f"{seed} {number}")  # noqa: S311
    archive = random.choice(corpus)
    if random.random() < _BOMBS:
        return structural.bomb(archive, random)
    damage = random.choice(_DAMAGES)
    return damage(archive, random)


def outcome(archive: bytes) -> str:
    """Feed an input to the product.

    Returns:
        ``written``, or the name of the documented exception that refused it.

    Raises:
        Exception: anything that the product does not document: a finding.
    """
    _through_codec(archive)
    target = io.BytesIO()
    try:
        sanitise(io.BytesIO(archive), target, _catalogue(), _POLICY)
    except (ArchiveError, PrivacyError) as error:
        # A message is logged, stored and printed, all of which needs it to be text.
        str(error).encode()
        return type(error).__name__
    target.seek(0)
    for block in ArchiveReader(target).blocks():
        block.count_rows()
    return "written"


def _through_codec(archive: bytes) -> None:
    """Take every value out of its row and put it back."""
    try:
        reader = ArchiveReader(io.BytesIO(archive))
        writer = ArchiveWriter(io.BytesIO(), reader.header, reader.entries)
        for block in reader.blocks():
            with writer.block(block.dump_id) as rows:
                for lines in block.row_batches():
                    rows.write_rows([copytext.join(copytext.split(line)) for line in lines])
        writer.finish()
    except ArchiveError as error:
        str(error).encode()


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load()
