"""What a running site leaves in its database: sessions, cache, uploads, redirects, restrictions, embeds, synonyms."""

import base64
import pickle
import random
from collections.abc import Sequence
from datetime import timedelta

from birdbath.models import Execution
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from wagtail.contrib.redirects.models import Redirect
from wagtail.embeds.embeds import get_embed_hash
from wagtail.embeds.models import Embed
from wagtail.models import (
    Collection,
    CollectionViewRestriction,
    Page,
    PageViewRestriction,
    Site,
    UploadedFile,
)

from bc_pipelines.sandbox.site.forms.models import FormSubmissionAccessControl
from bc_pipelines.sandbox.site.images.models import CustomImage
from bc_pipelines.sandbox.site.search.models import Term
from bc_pipelines.sandbox.site.seed import files, texts
from bc_pipelines.sandbox.site.seed.accounts import Accounts
from bc_pipelines.sandbox.site.seed.clock import TODAY, make_uuid
from bc_pipelines.sandbox.site.seed.people import Planted
from bc_pipelines.sandbox.site.wagtail_transfer.models import IDMapping, ImportedFile

# The salt of django.contrib.sessions.backends.db.SessionStore.
SESSION_SALT = "django.contrib.sessions.SessionStore"


class SeededSigner(signing.TimestampSigner):
    """Signs as of the seeded today."""

    def timestamp(self) -> str:
        """Returns the time that goes into the signature."""
        return signing.b62_encode(int(TODAY.timestamp()))


def create(
    rng: random.Random, accounts: Accounts, planted: Planted, sites: Sequence[Site], pages: Sequence[Page]
) -> None:
    """Creates one area after the other."""
    _sessions(rng, accounts, planted)
    _uploads(rng, accounts, planted)
    _redirects(planted, sites, pages)
    _restrictions(planted, pages)
    _words_and_embeds(planted)
    # Left by an older copy: birdbath counts rows and would take this one for a clean-up of its own.
    Execution.objects.create()
    FormSubmissionAccessControl.objects.create().groups_with_access.set(Group.objects.filter(name="Moderators"))


def _sessions(rng: random.Random, accounts: Accounts, planted: Planted) -> None:
    """Creates sessions of visitors who opened a case, and of editors who are logged in."""
    contents = [
        {"case_reference": reference, "case_contact": {"name": person.name, "email": person.email}}
        for reference, person in zip(planted.case_references, planted.submitters, strict=False)
    ]
    contents += [
        {SESSION_KEY: str(user.pk), HASH_SESSION_KEY: user.get_session_auth_hash()}
        for user in (accounts.staff[0], accounts.outsiders[0])
    ]
    Session.objects.bulk_create(
        Session(
            session_key=f"{rng.getrandbits(160):032x}"[:32],
            session_data=SeededSigner(salt=SESSION_SALT).sign_object(content, compress=True),
            expire_date=TODAY + timedelta(days=14, minutes=number),
        )
        for number, content in enumerate(contents)
    )


def fill_cache(planted: Planted) -> None:
    """Leaves half-filled forms and a counter in the cache table, in place of whatever the seed itself cached."""
    rows = [
        (":1:visitors", 1234),
        *((f":1:draft-{n}", _draft(person)) for n, person in enumerate(planted.submitters[:5])),
    ]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM database_cache")
        cursor.executemany(
            "INSERT INTO database_cache (cache_key, value, expires) VALUES (%s, %s, %s)",
            [
                (key, base64.b64encode(pickle.dumps(value, protocol=5)).decode(), TODAY + timedelta(days=30))
                for key, value in rows
            ],
        )


def _draft(person) -> dict[str, str]:
    return {"your_name": person.name, "email_address": person.email, "telephone": person.phone}


def _uploads(rng: random.Random, accounts: Accounts, planted: Planted) -> None:
    """Creates uploads that nobody finished, and what is known of files that came from another site."""
    image_type = ContentType.objects.get_for_model(CustomImage)
    for person in planted.mentioned[:3]:
        name = f"wagtail_uploads/{person.name.replace(' ', '_')}_passport.png"
        files.write(name, files.draw(rng, person.name, (64, 64)))
        UploadedFile.objects.create(file=name, for_content_type=image_type, uploaded_by_user=accounts.staff[2])
    for number, person in enumerate(planted.mentioned[3:6]):
        name, content = f"{person.name.replace(' ', '_')}.png", files.draw(rng, person.name, (64, 64))
        files.write(f"imported_files/{name}", content)
        ImportedFile.objects.create(
            file=f"imported_files/{name}",
            source_url=f"https://old-site.example/media/{name}?owner={person.email}",
            hash=files.sha1(content),
            size=len(content),
        )
        IDMapping.objects.create(uid=make_uuid(rng), content_type=image_type, local_id=str(number + 1))


def _redirects(planted: Planted, sites: Sequence[Site], pages: Sequence[Page]) -> None:
    """Creates redirects of one site and of all, some with somebody's address in a query string."""
    host = sites[0].hostname
    rows = [
        Redirect(old_path=f"/old/{page.slug}", site=sites[0], redirect_page_id=page.pk, automatically_created=True)
        for page in pages[2:8]
    ]
    rows += [
        Redirect(
            old_path=Redirect.normalise_path(f"/unsubscribe?email={person.email}"),
            site=sites[number % len(sites)],
            redirect_link=f"https://{host}/contact-us/?from={person.email}",
        )
        for number, person in enumerate(planted.searchers[:4])
    ]
    rows.append(Redirect(old_path="/jobs", redirect_link=f"https://{sites[1].hostname}/"))
    Redirect.objects.bulk_create(rows)


def _restrictions(planted: Planted, pages: Sequence[Page]) -> None:
    """Puts two pages and a collection behind shared passwords, which Wagtail keeps as they are."""
    ids = {page.slug: page.pk for page in pages}
    for slug, password in zip(("secondments", "paying-for-care"), planted.view_passwords, strict=False):
        PageViewRestriction.objects.create(page_id=ids[slug], restriction_type="password", password=password)
    restricted = PageViewRestriction.objects.create(page_id=ids["hire-a-hall"], restriction_type="groups")
    restricted.groups.set(Group.objects.filter(name="Moderators"))
    CollectionViewRestriction.objects.create(
        collection=Collection.objects.get(name="Staff only"),
        restriction_type="password",
        password=planted.view_passwords[-1],
    )


def _words_and_embeds(planted: Planted) -> None:
    Term.objects.bulk_create(Term(canonical_term=term, synonyms=words) for term, words in texts.SYNONYMS.items())
    url = "https://videos.example/watch/recycling"
    Embed.objects.create(
        url=url,
        hash=get_embed_hash(url),
        type="video",
        html="<p>Video</p>",
        title="How recycling works",
        author_name=planted.officers[0].name,
        provider_name="Videos",
        thumbnail_url="https://videos.example/recycling.png",
        width=640,
        height=360,
    )
