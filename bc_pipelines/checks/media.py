"""Whether a site's bucket holds what its database speaks of: from a listing and queries of this module's own.

Belongs here: what is missing, what is too much, what lost its headers and what strangers can read. Does not belong
here: copying, and which bucket belongs to which environment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from bc_pipelines.checks.verdict import Row, Verdict, listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROWS_SHOWN = 200
_HEADERS = ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding")
# An empty object has no first byte (416), but is handed out; one that has gone since (404) is not, nor one that KMS
# encrypts (400: it asks for a signature).
_READ, _NOT_READ = (200, 206, 416), (400, 401, 403, 404)
# What comes with 400 too, where an address does not lead to the bucket, which is in one of the newer regions.
_ELSEWHERE = b"IllegalLocationConstraintException"

# Wagtail's images and documents carry a hash of their file, its renditions a filter; whatever their tables are called.
_TABLES_WITH_FILES = """
select relname,
       bool_or(attname = 'filter_spec') as rendition,
       bool_or(attname = 'focal_point_x') as image,
       bool_or(attname = 'collection_id') as in_a_collection
  from pg_class join pg_attribute on attrelid = pg_class.oid
 where relkind in ('r', 'p') and pg_table_is_visible(pg_class.oid) and attnum > 0 and not attisdropped
 group by relname
having bool_or(attname = 'file') and (bool_or(attname = 'file_hash') or bool_or(attname = 'filter_spec'))
 order by relname
"""
_RESTRICTED = """
select inner_.id from wagtailcore_collectionviewrestriction
  join wagtailcore_collection outer_ on outer_.id = collection_id
  join wagtailcore_collection inner_ on starts_with(inner_.path, outer_.path)
"""


class Undecided(Exception):
    """What a bucket holds, or whether strangers can read it, could not be told, so there is no verdict."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file that a row names.

    Attributes:
        table: of the row.
        id: of the row.
        key: name in the bucket.
        size: in bytes, or None where the row does not tell.
        kind: `image`, `rendition` or `document`.
        restricted: whether only some people may read it.
    """

    table: str
    id: int
    key: str
    size: int | None
    kind: str
    restricted: bool


def named_files(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[Named, ...]:
    """Read which files a database speaks of.

    Args:
        connection: an open connection to a Wagtail site's database.
    """
    restricted = {number for (number,) in connection.execute(_RESTRICTED)}
    found: list[Named] = []
    for table, rendition, image, in_a_collection in connection.execute(_TABLES_WITH_FILES).fetchall():
        kind = "rendition" if rendition else "image" if image else "document"
        query = sql.SQL("select id, file, {size}, {collection} from {table} where file <> '' order by id").format(
            table=sql.Identifier(table),
            size=sql.SQL("null::bigint" if rendition else "file_size"),
            collection=sql.SQL("collection_id" if in_a_collection else "null::int"),
        )
        found += [
            Named(table, number, key, size, kind, kind == "document" and collection in restricted)
            for number, key, size, collection in connection.execute(query)
        ]
    return tuple(found)


def objects_in(client: S3Client, bucket: str, prefix: str = "") -> dict[str, int]:
    """List a bucket, now.

    The question is the older one of S3's two, because what is judged was listed with the newer, whose pages the product
    reads in a way of its own.

    Args:
        client: an S3 client that may list it.
        bucket: its name.
        prefix: only keys that begin with it.

    Returns:
        Keys and sizes in bytes.

    Raises:
        Undecided: an answer is no page; it would be read as the end, and what comes behind it as not there.
    """
    objects: dict[str, int] = {}
    for page in client.get_paginator("list_objects").paginate(Bucket=bucket, Prefix=prefix):
        if "IsTruncated" not in page or (page["IsTruncated"] and not page.get("Contents")):
            raise Undecided(f"{bucket} answers with what is no page of a listing.")
        objects |= {found["Key"]: found["Size"] for found in page.get("Contents", ())}
    return objects


def every_file_present(named: Iterable[Named], objects: Mapping[str, int]) -> Verdict:
    """Whether each file that a row names is in the bucket, with the size that the row gives.

    Args:
        named: what the database speaks of, less what was not to be copied.
        objects: what the bucket holds.

    Returns:
        The verdict. A restricted document may be missing: it is not copied to where strangers could read it.
    """
    named = tuple(named)
    missing = [file for file in named if file.key not in objects and not file.restricted]
    other = [file for file in named if file.size is not None and objects.get(file.key, file.size) != file.size]
    facts = {
        "files named": len(named),
        "missing": len(missing),
        "of another size": len(other),
        "restricted and not here": sum(file.restricted and file.key not in objects for file in named),
    }
    rows: tuple[Row, ...] = tuple(
        {"table": file.table, "id": file.id, "file": file.key, "what": what}
        for what, files in (("missing", missing), ("another size", other))
        for file in files[:ROWS_SHOWN]
    )
    if not named:
        return Verdict(False, "The database names no file, so nothing was held against the bucket.", facts, (), "warn")
    if rows:
        return Verdict(
            False,
            f"Of {len(named):,} files that the database names, {len(missing)} are missing and {len(other)} have "
            f"another size: {listed((file.key for file in (*missing, *other)), 5)}. Look for them in production's "
            "bucket; where they are gone there too, delete the image or document in Wagtail, or upload it again.",
            facts,
            rows,
        )
    return Verdict(True, f"All {len(named):,} files that the database names are there, of the right size.", facts)


def nothing_extra(named: Iterable[Named], objects: Mapping[str, int], excluded: Sequence[str]) -> Verdict:
    """Whether the bucket holds anything that no row names; only ever a warning.

    Args:
        named: what the database speaks of.
        objects: what the bucket holds.
        excluded: folders that are nobody's concern here.
    """
    wanted = {file.key for file in named}
    extra = sorted(key for key in objects if key not in wanted and not key.startswith(tuple(excluded)))
    facts = {"objects": len(objects), "bytes": sum(objects.values()), "extra": len(extra)}
    rows: tuple[Row, ...] = tuple({"object": key, "bytes": objects[key]} for key in extra[:ROWS_SHOWN])
    if extra:
        return Verdict(
            False,
            f"{len(extra)} objects are named by no row: {listed(extra, 5)}. The next run deletes them.",
            facts,
            rows,
            "warn",
        )
    return Verdict(True, f"None of {len(objects):,} objects is one that no row names.", facts, severity="warn")


def headers_kept(
    source: tuple[S3Client, str], target: tuple[S3Client, str], keys: Sequence[str], sample: int = 20
) -> Verdict:
    """Whether what browsers are told of an object is the same on both sides, looked at for some of them.

    Args:
        source: a client and the bucket that was copied.
        target: a client and the bucket that was copied to.
        keys: objects that are in both, in order.
        sample: how many are looked at, spread evenly.
    """
    chosen = keys[:: max(1, len(keys) // sample)][:sample]
    rows = []
    for key in chosen:
        here, there = ({**client.head_object(Bucket=bucket, Key=key)} for client, bucket in (source, target))
        rows += [
            {"object": key, "header": name, "production": str(here.get(name)), "here": str(there.get(name))}
            for name in _HEADERS
            if here.get(name) != there.get(name)
        ]
    facts = {"objects looked at": len(chosen), "headers that differ": len(rows)}
    if not chosen:
        return Verdict(False, "No file is in both buckets, so no header was looked at.", facts, (), "warn")
    if rows:
        names = sorted({str(row["object"]) for row in rows})
        return Verdict(False, f"Headers differ for {listed(names, 5)}. Copy them again.", facts, tuple(rows))
    return Verdict(True, f"The headers of {len(chosen)} objects are production's.", facts)


def private_files_left_out(
    named: Iterable[Named], copied: Mapping[str, int], source: Mapping[str, int], readable: Iterable[str]
) -> Verdict:
    """Whether anything lies on the target that must not: people's own files, and restricted documents in the open.

    Args:
        named: what the database speaks of.
        copied: objects on the target below the folders whose files are people's.
        source: objects of production below the same folders.
        readable: keys of restricted documents that a stranger could fetch from the target just now.
    """
    named, open_ = tuple(named), set(readable)
    folders = Counter(key.partition("/")[0] for key in copied.keys() & source.keys())
    restricted = [file for file in named if file.restricted]
    facts = {
        "personal files": folders.total(),
        "restricted documents": len(restricted),
        "of these open to all": len(open_),
    }
    # The names of such files name people, so folders and numbers must do.
    rows: tuple[Row, ...] = (
        *({"where": f"{folder}/", "what": f"{count} files of production"} for folder, count in folders.items()),
        *({"where": file.table, "what": f"document {file.id}"} for file in restricted if file.key in open_),
    )[:ROWS_SHOWN]
    if rows:
        found = listed((f"{row['what']} in {row['where']}" for row in rows), 5)
        return Verdict(
            False,
            f"These must not be there: {found}. Delete them from the bucket: uploads and avatars of production are "
            "personal, and restricted documents are open to anybody there.",
            facts,
            rows,
        )
    return Verdict(
        True, "No unfinished upload, no avatar and no open restricted document of production is there.", facts
    )


def open_to_strangers(client: S3Client, bucket: str, keys: Iterable[str]) -> list[str]:
    """Ask for objects without a key.

    Args:
        client: an S3 client, for the objects' addresses.
        bucket: its name.
        keys: what to ask for.

    Returns:
        Those that anybody can read.

    Raises:
        Undecided: the bucket does not answer, or says neither yes nor no; then nothing is known.
    """
    import httpx

    found = []
    with httpx.Client(timeout=30) as stranger:
        for key in keys:
            signed = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
            try:
                answer = stranger.get(signed.partition("?")[0], headers={"Range": "bytes=0-0"})
            except httpx.HTTPError as error:
                raise Undecided(f"{bucket} does not answer a stranger ({type(error).__name__}).") from None
            status = answer.status_code
            if status not in (*_READ, *_NOT_READ) or (status not in _READ and _ELSEWHERE in answer.content):
                raise Undecided(f"{bucket} answers a stranger with status {status}, which is neither yes nor no.")
            found += [key] if status in _READ else []
    return found
