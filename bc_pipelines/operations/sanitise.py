"""From production's backup to a sanitised and proven archive in the archive store, without the raw bytes on any disk.

Belongs here: joining the download, the sanitiser, the proof and the store, and leaving nothing behind. Does not belong
here: what is personal (see `privacy`) and what is searched for (see `proof`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations import tidy
from bc_pipelines.operations.copying import collector_for, digest, jobs_for, write_copy
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.tools import Tools
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.manifest import Manifest
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.proof import Proof


@dataclass(frozen=True)
class Sanitised:
    """A written archive and the evidence about it.

    Attributes:
        manifest: what was read, kept, purged and rewritten, table by table.
        proof: the independent search of the written archive.
        size_bytes: its size.
        sha256: its digest, in hexadecimal.
        key: where it is in the archive store; empty where the proof failed and the file was removed.
    """

    manifest: Manifest
    proof: Proof
    size_bytes: int
    sha256: str
    key: str


def sanitise_backup(tools: Tools, record: ResetRecord, on_progress: Callable[[int], None]) -> Sanitised:
    """Stream the reset's source backup through the sanitiser and the proof, and store the result if it is proven.

    Args:
        tools: the run's tools.
        record: of the reset; its fact `source_backup` names the backup.
        on_progress: called with the bytes read so far.

    Returns:
        The evidence. Where `proof.passed` is false, the file is gone and nothing was stored.

    Raises:
        CatalogueRefusal: something in the archive is unknown; nothing was written.
        HerokuError: the download failed for good.
        ArchiveError: the archive is truncated, corrupt or of an unknown kind.
        ProofFailed: the search could not be carried out.
    """
    app = tools.settings.production.heroku_app
    backup = _source(tools, record)
    public = tools.settings.declared_public
    with sanitised_copy(tools, app, backup, _policy(tools), public, on_progress) as (path, sanitised):
        return _keep(tools, record, path, sanitised) if sanitised.proof.passed else sanitised


@contextmanager
def sanitised_copy(
    tools: Tools,
    app: str,
    backup: Transfer,
    rules: Policy,
    public: Sequence[str],
    on_progress: Callable[[int], None],
) -> Iterator[tuple[Path, Sanitised]]:
    """A backup's sanitised copy on this machine's disk, inside the block only, and the evidence about it.

    Args:
        tools: the run's tools.
        app: whose backup it is.
        backup: the backup.
        rules: profile and council's choices.
        public: texts that somebody looked at and declared public.
        on_progress: called with the bytes read so far.

    Raises:
        As `sanitise_backup`.
    """
    with _scratch_folder(tools.settings.scratch) as folder:
        path = folder / "archive.dump"
        with tools.heroku.open_backup(app, backup) as source, collector_for(rules, public) as collector:
            manifest = write_copy(source, path, Catalogue.load(), rules, collector, on_progress)
            proof = collector.search(path, jobs_for(path))
        yield path, Sanitised(manifest, proof, path.stat().st_size, digest(path), key="")


def _policy(tools: Tools) -> Policy:
    """The council's choices for staging."""
    privacy = tools.settings.privacy
    return Policy(
        profile="staging",
        staff_domains=privacy.staff_domains,
        staff_passwords=privacy.staff_passwords,
        mail_sink=privacy.mail_sink,
        view_restriction_password=privacy.view_restriction_password,
    )


@contextmanager
def _scratch_folder(parent: Path) -> Iterator[Path]:
    """A private folder (mode 0700) that is gone afterwards; what killed runs left for a week is removed on the way."""
    parent.mkdir(parents=True, exist_ok=True)
    tidy.delete_scratch(parent)
    with tempfile.TemporaryDirectory(prefix=tidy.SCRATCH_PREFIX, dir=parent) as folder:
        yield Path(folder)


def _source(tools: Tools, record: ResetRecord) -> Transfer:
    wanted = record.facts.get("source_uuid")
    for transfer in tools.heroku.transfers(tools.settings.production.heroku_app):
        if transfer.uuid == wanted and transfer.good:
            return transfer
    raise Refused(
        f"Production's backup {record.facts.get('source_backup')} that the plan was made for is not in Heroku's list "
        "any more. Nothing was wiped. Start the job reset_staging again; it takes the newest backup."
    )


def _keep(tools: Tools, record: ResetRecord, path: Path, sanitised: Sanitised) -> Sanitised:
    key = f"archives/{record.id}.dump"
    tidy.delete_leftovers(tools, record)
    tools.archives.upload_archive(path, key, sanitised.sha256)
    tools.archives.put_text(f"archives/{record.id}.manifest.json", sanitised.manifest.to_json(), "application/json")
    tools.records.note(record, State.SANITISED, archive_key=key, archive_sha256=sanitised.sha256)
    return Sanitised(sanitised.manifest, sanitised.proof, sanitised.size_bytes, sanitised.sha256, key)
