"""The command `bucks archive`: inspect, sanitise, prove, suggest.

Belongs here: command names, options, help texts. Does not belong here: work (see `operations.archives`,
`operations.inspection` and `privacy.suggest`) and printing (see `archive_output`). No server, token or Dagster instance
is needed.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from bc_pipelines import archive_output as output
from bc_pipelines.privacy.entries import Profile
from bc_pipelines.privacy.policy import Policy, StaffPasswords, UnknownColumns, UnknownTables

app = typer.Typer(no_args_is_help=True)


Show = Annotated[
    bool, typer.Option("--show", help="Show what the proof found where it should not be; to a terminal only.")
]
File = Annotated[str, typer.Argument(metavar="FILE", help="A pg_dump -Fc archive: a path, - or an https address.")]
ToldProfile = Annotated[Profile, typer.Option(help="Whom the copy is for: the staging site, or a developer's laptop.")]
CatalogueFile = Annotated[Path | None, typer.Option("--catalogue", help="Another catalogue than the site's own.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
ToldDomains = Annotated[
    list[str] | None,
    typer.Option(
        "--staff-domain",
        help="E-mail domain of accounts that are kept on staging; may be repeated. [default: from environments.toml]",
    ),
]
ToldPasswords = Annotated[
    StaffPasswords | None,
    typer.Option(help="Whether staff keep their password on staging. [default: from environments.toml]"),
]


Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=64,
        help="How many processes search the copy; the result is the same. [default: as many as there are processors, "
        "up to 4]",
    ),
]
ToldTables = Annotated[
    UnknownTables, typer.Option(help="Refuse tables without an entry, or keep them without their rows.")
]
ToldColumns = Annotated[
    UnknownColumns,
    typer.Option(help="Refuse columns without an entry, or write NULL (or no rows where NULL is not allowed)."),
]


@app.command()
def inspect(
    file: File,
    profile: ToldProfile = "staging",
    catalogue: CatalogueFile = None,
    rows: Annotated[bool, typer.Option("--rows", help="Count rows, which reads the archive to its end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an archive holds, and what the catalogue says of each table.

    Ends with 0, also where something is unclassified; with 1 where the result could not be printed, with 2 where FILE
    is an address that is not https, with 3 where it cannot be read, is no archive, or damaged.

    Example: bucks archive inspect production.dump --rows
    """
    from bc_pipelines.operations.archive_source import open_source
    from bc_pipelines.operations.inspection import inspect_archive
    from bc_pipelines.privacy.catalogue import Catalogue

    with output.ends("", as_json=as_json), open_source(file) as source, output.Bar() as bar:
        known = Catalogue.load(catalogue)
        bar.stage("Reading", source.total if rows else None)
        inspection = inspect_archive(source.watched(bar.at), known, profile, count_rows=rows)
    with output.prints(""):
        if as_json:
            output.print_json(asdict(inspection))
        else:
            output.print_inspection(inspection)


@app.command()
def sanitise(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The raw pg_dump -Fc archive: a path, - or an https address.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="Where the sanitised archive goes, once it is proven.")
    ],
    profile: ToldProfile,
    catalogue: CatalogueFile = None,
    manifest: Annotated[Path | None, typer.Option(help="Where to write what was done, as JSON.")] = None,
    unknown_tables: ToldTables = "refuse",
    unknown_columns: ToldColumns = "refuse",
    staff_domain: ToldDomains = None,
    staff_passwords: ToldPasswords = None,
    mail_sink: Annotated[
        str | None, typer.Option(help="Address that forms mail to. [default: from environments.toml]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace TARGET, and the manifest, if they exist.")] = False,
    jobs: Jobs = None,
    show: Show = False,
    as_json: AsJson = False,
) -> None:
    """Write a copy without personal data, prove it, and only then put it in its place.

    Private pages of the copy ask for the password in BC_VIEW_RESTRICTION_PASSWORD; without it, for one that nobody
    knows. TARGET is readable by you alone.

    Ends with 0 when TARGET is written and proven. Otherwise nothing new is there: 1 where a file could not be written,
    2 where it was refused (something in SOURCE is unknown, TARGET exists) and nothing was written, 3 where SOURCE (it
    cannot be read, is no archive, or damaged), the catalogue or a setting is bad, 4 where the proof failed and the copy
    was removed. Only where the result could not be printed does it end with 1 and TARGET is there; it says so.

    Example: bucks archive sanitise production.dump clean.dump --profile local --manifest manifest.json
    """
    from bc_pipelines.operations.archive_places import Places
    from bc_pipelines.operations.archive_source import open_source
    from bc_pipelines.operations.archives import sanitise_archive
    from bc_pipelines.privacy.catalogue import Catalogue

    with (
        output.ends("Nothing new was left behind.", as_json=as_json),
        output.matches(show=show, as_json=as_json) as on_match,
    ):
        rules, public = _choices(profile, staff_domain, staff_passwords, mail_sink)
        rules = replace(rules, unknown_tables=unknown_tables, unknown_columns=unknown_columns)
        places = Places(target, manifest, force)
        places.check()
        known = Catalogue.load(catalogue)
        with open_source(source) as raw, output.Bar() as bar:
            done = sanitise_archive(raw, places, known, rules, bar, public=public, jobs=jobs, show=on_match)
    with output.prints(f"{target} is written and proven"):
        if as_json:
            output.print_json({"outcome": "done", **asdict(done), "target": str(done.target)})
        else:
            output.print_sanitised(done)


@app.command()
def prove(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The sanitised archive.")],
    against: Annotated[str, typer.Option(help="The raw archive it was made from: a path, - or an https address.")],
    profile: ToldProfile = "staging",
    staff_domain: ToldDomains = None,
    staff_passwords: ToldPasswords = None,
    jobs: Jobs = None,
    show: Show = False,
    as_json: AsJson = False,
) -> None:
    """Search a sanitised archive for every identifier of the raw one that it was made from.

    In a staging copy the accounts of staff are kept, and not reported; in a local copy nobody's are.

    Ends with 0 when nothing was found that should not be there; with 1 where the result could not be printed, with 2
    where --show has no terminal to show it on or an address is not https, with 3 where an archive cannot be read,
    is none, or damaged, with 4 where the proof failed. TARGET stays where it is.

    Example: bucks archive prove clean.dump --against production.dump --profile local
    """
    from bc_pipelines.operations.archive_source import open_source
    from bc_pipelines.operations.archives import NotProven, prove_archive

    with (
        output.ends(f"{target} is as it was.", as_json=as_json),
        output.matches(show=show, as_json=as_json) as on_match,
    ):
        rules, public = _choices(profile, staff_domain, staff_passwords)
        with open_source(against) as raw, output.Bar() as bar:
            proof = prove_archive(target, raw, rules, bar, public=public, jobs=jobs, show=on_match)
        if not proof.passed:
            raise NotProven(proof)
    with output.prints(f"{target} has passed"):
        if as_json:
            output.print_json({"outcome": "done", "proof": asdict(proof)})
        else:
            output.print_proof(proof)


@app.command()
def suggest(file: File, catalogue: CatalogueFile = None, as_json: AsJson = False) -> None:
    """Draft entries for what the catalogue does not know yet, from names, types and the shapes of some values.

    Prints TOML in the catalogue's format, no values. It decides nothing: where a person must choose it says CHOOSE,
    which the catalogue refuses, and so it does every new table until somebody has given it an area.

    Ends with 0; with 1 where the draft could not be printed, with 2 where FILE is an address that is not https, with 3
    where it cannot be read, is no archive, or damaged.

    Example: bucks archive suggest production.dump > draft.toml
    """
    from bc_pipelines.operations.archive_source import open_source
    from bc_pipelines.privacy.catalogue import Catalogue
    from bc_pipelines.privacy.suggest import draft, suggestions

    with output.ends("", as_json=as_json), open_source(file) as source, output.Bar() as bar:
        known = Catalogue.load(catalogue)
        bar.stage("Reading", source.total)
        found = suggestions(source.watched(bar.at), known)
    with output.prints(""):
        if as_json:
            output.print_json({"suggestions": [asdict(each) for each in found]})
        else:
            typer.echo(draft(found), nl=False)


def _choices(
    profile: Profile,
    staff_domain: list[str] | None,
    staff_passwords: StaffPasswords | None,
    mail_sink: str | None = None,
) -> tuple[Policy, tuple[str, ...]]:
    """The council's choices from environments.toml, as far as the command line says nothing else."""
    from bc_pipelines import settings

    council, public = settings.archive_choices()
    domains = frozenset(domain.strip().lower() for domain in staff_domain or ()) or council.staff_domains
    rules = Policy(
        profile=profile,
        staff_domains=domains,
        staff_passwords=staff_passwords or council.staff_passwords,
        mail_sink=mail_sink or council.mail_sink,
        view_restriction_password=council.view_restriction_password,
    )
    return rules, public
