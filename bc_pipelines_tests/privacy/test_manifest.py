"""The manifest as a file."""

import json

import pytest

from bc_pipelines.privacy.errors import PrivacyError
from bc_pipelines.privacy.manifest import (
    Accounts,
    ColumnCount,
    DomainCount,
    Manifest,
    SourceArchive,
    TableCount,
    Unknown,
)

MANIFEST = Manifest(
    profile="staging",
    catalogue_sha256="00",
    archive=SourceArchive("1.14", "15.18", "15.18", "2026-01-02T03:04:05"),
    tables=(TableCount("public", "users_user", "rewrite", 9, 9, 0, 6, {"email": ColumnCount("email", 6)}),),
    accounts=Accounts(3, 6, (DomainCount("buckinghamshire.example", 3, 0), DomainCount("residents.example", 0, 6))),
    unknown=Unknown(("pet",), ("person.nickname",), ("person.shoe_size",)),
    bytes_read=10,
    bytes_written=9,
    seconds=0.1,
)


def test_it_comes_back_as_it_was() -> None:
    """What was written as JSON reads back as the same manifest."""
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


def test_its_shape_is_fixed() -> None:
    """Others read the file, so its shape is a promise."""
    assert json.loads(MANIFEST.to_json()) == {
        "format": 1,
        "profile": "staging",
        "catalogue_sha256": "00",
        "archive": {
            "version": "1.14",
            "server_version": "15.18",
            "dump_version": "15.18",
            "created_at": "2026-01-02T03:04:05",
        },
        "tables": [
            {
                "schema": "public",
                "table": "users_user",
                "treatment": "rewrite",
                "rows_read": 9,
                "rows_written": 9,
                "rows_purged": 0,
                "rows_rewritten": 6,
                "columns": {"email": {"rule": "email", "changed": 6}},
            }
        ],
        "accounts": {
            "kept": 3,
            "replaced": 6,
            "by_domain": [
                {"domain": "buckinghamshire.example", "kept": 3, "replaced": 0},
                {"domain": "residents.example", "kept": 0, "replaced": 6},
            ],
        },
        "unknown": {
            "tables_purged": ["pet"],
            "columns_emptied": ["person.nickname"],
            "columns_purged": ["person.shoe_size"],
        },
        "bytes_read": 10,
        "bytes_written": 9,
        "seconds": 0.1,
    }


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1}', '{"format": 1, "tables": 5}'])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    """Anything else is refused by a message of its own."""
    with pytest.raises(PrivacyError, match="manifest"):
        Manifest.from_json(text)
