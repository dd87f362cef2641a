"""The sanitiser's manifest, the proof's result and the branches, as verdicts and metadata that a client could read.

Belongs here: words, tables and numbers about them. Does not belong here: judging the archive (see `proof`).
"""

import dagster as dg

from bc_pipelines.branches.survey import Survey
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.defs.common import Metadata, megabytes, table
from bc_pipelines.defs.pictures import AMBER, GREEN, RED, bar
from bc_pipelines.operations.code import branch_rows
from bc_pipelines.operations.sanitise import Sanitised
from bc_pipelines.privacy.manifest import Manifest
from bc_pipelines.proof import Proof


def every_column_verdict(manifest: Manifest) -> Verdict:
    """That each table had a rule and that its rows reconcile: read = written + purged."""
    unbalanced = [t.table for t in manifest.tables if t.rows_read != t.rows_written + t.rows_purged]
    return Verdict(
        passed=not unbalanced,
        summary=f"The counts of {', '.join(unbalanced)} do not add up."
        if unbalanced
        else f"Every column of all {len(manifest.tables)} tables has a rule, and every row is accounted for.",
        facts={
            "tables": len(manifest.tables),
            "rows read": sum(t.rows_read for t in manifest.tables),
            "rows written": sum(t.rows_written for t in manifest.tables),
            "rows purged": sum(t.rows_purged for t in manifest.tables),
        },
        rows=tuple(
            {
                "table": t.table,
                "treatment": t.treatment,
                "read": t.rows_read,
                "purged": t.rows_purged,
                "rewritten": t.rows_rewritten,
                "written": t.rows_written,
            }
            for t in sorted(manifest.tables, key=lambda t: (-t.rows_purged, -t.rows_rewritten, t.table))
        ),
        severity="error",
    )


def proof_verdict(proof: Proof) -> Verdict:
    """What was searched for in the written archive, what was found, and what was not looked into."""
    return Verdict(
        passed=proof.passed,
        summary=proof.summary(),
        facts={
            "identifiers searched for": sum(proof.identifiers.values()),
            "values searched": proof.values_searched,
            "tables searched": proof.tables_searched,
            "found": sum(hit.count for hit in proof.hits),
            "found in published content": sum(hit.count for hit in proof.public),
            "found and declared public": sum(hit.count for hit in proof.declared),
            "identifiers declared public": proof.reviewed,
        },
        rows=tuple(
            {
                "table": h.table,
                "column": h.column,
                "key": str(h.key),
                "kind": h.kind,
                "count": h.count,
                "because": because,
            }
            for hits, because in (
                (proof.hits, "personal"),
                (proof.public, "published"),
                (proof.declared, "declared public"),
            )
            for h in hits
        ),
        severity="error",
    )


def archive_metadata(done: Sanitised) -> Metadata:
    """Numbers to plot over time, and who was kept and who replaced, by e-mail domain."""
    accounts = done.manifest.accounts
    by_domain = [{"domain": d.domain, "kept": d.kept, "replaced": d.replaced} for d in accounts.by_domain]
    purged = sum(t.rows_purged for t in done.manifest.tables)
    rewritten = sum(t.rows_rewritten for t in done.manifest.tables)
    as_they_were = sum(t.rows_written for t in done.manifest.tables) - rewritten
    return {
        "rows": bar((("as they were", as_they_were, GREEN), ("rewritten", rewritten, AMBER), ("removed", purged, RED))),
        "accounts": bar((("kept", accounts.kept, GREEN), ("replaced", accounts.replaced, AMBER))),
        "rows purged": purged,
        "rows rewritten": rewritten,
        "accounts kept": accounts.kept,
        "accounts replaced": accounts.replaced,
        "backup in MB": megabytes(done.manifest.bytes_read),
        "archive in MB": megabytes(done.size_bytes),
        "seconds to rewrite": round(done.manifest.seconds, 2),
        "accounts by domain": table(by_domain),
        "sha256": done.sha256,
        "not searched": dg.MetadataValue.md("\n".join(f"- {note}" for note in done.proof.not_searched)),
    }


def branches_metadata(found: Survey | None) -> Metadata:
    """What is merged where, as numbers to plot and a table."""
    if found is None:
        return {"repository": "not configured"}
    rows = branch_rows(found)
    return {
        f"{found.main} is at": found.main_tip,
        f"{found.staging} is at": found.staging_tip or "not there",
        "branches on staging": len(rows),
        "merged back": len(found.chosen),
        "stale": sum(branch.stale for branch in found.branches),
        f"branches in {found.main} already": found.in_main,
        "commits that only staging has": len(found.only_staging),
    } | ({"branches": table(rows)} if rows else {})
