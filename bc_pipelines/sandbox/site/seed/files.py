"""Images, renditions, documents and avatars: rows for all, and files where BC_MEDIA_ROOT says where to put them."""

import hashlib
import io
import random
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw
from wagtail.models import Collection

from bc_pipelines.sandbox.site.documents.models import CustomDocument
from bc_pipelines.sandbox.site.images.models import CustomImage, Rendition
from bc_pipelines.sandbox.site.seed.accounts import Accounts
from bc_pipelines.sandbox.site.seed.people import Planted

SIZE = (640, 400)
RENDITIONS = (("width-320", (320, 200)), ("max-165x165", (165, 103)))
IMAGE_TITLES = ("Town hall", "Library", "Recycling lorry", "Children reading", "Road works", "Country park", "Market")
LIBRARY = 120
"""Pictures that lie in the library and that no page shows, as most of a council's do."""
LIBRARY_SIZES = ((96, 96), (320, 240), (640, 400), (800, 800), (1200, 675), (1600, 1000))
LIBRARY_RENDITIONS = (("max-165x165", 165), ("width-400", 400))
DOCUMENT_TITLES = ("Budget book", "Waste strategy", "School admissions guide", "Parking map", "Housing policy")


@dataclass(frozen=True)
class Files:
    """Images and documents of the site, those that name people at the end."""

    images: tuple[CustomImage, ...]
    documents: tuple[CustomDocument, ...]


def create(rng: random.Random, accounts: Accounts, planted: Planted) -> Files:
    """Creates the files in three collections, with tags, and the avatars that profiles speak of."""
    root = Collection.get_first_root_node()
    public, private = (root.add_child(name=name) for name in ("Photographs", "Staff only"))
    people = [person.name for person in planted.pictured]
    titles = (*IMAGE_TITLES, *(f"Portrait of {name}" for name in people[:3]))
    images = [_image(rng, title, public, rng.choice(accounts.editors)) for title in titles]
    _library(rng, public, accounts.editors[0])
    titles = (*DOCUMENT_TITLES, *(f"Letter from {name}" for name in people[3:]))
    documents = [_document(title, private if "Letter" in title else root, accounts.staff[0]) for title in titles]
    for image in images[:4]:
        image.tags.add("buildings" if image.title in ("Town hall", "Library") else "outdoors")
    documents[0].tags.add("finance")
    for user in (*accounts.staff, *accounts.outsiders):
        if user.wagtail_userprofile.avatar:
            write(user.wagtail_userprofile.avatar.name, draw(rng, user.first_name, (96, 96)))
    return Files(tuple(images), tuple(documents))


def _image(rng: random.Random, title: str, collection: Collection, user) -> CustomImage:
    content = draw(rng, title, SIZE)
    name = title.replace(" ", "_")
    # Saved in bulk, because a plain save opens the file to measure it and there may be none.
    image = CustomImage(
        title=title,
        description=f"Photograph: {title}",
        file=f"original_images/{name}.png",
        width=SIZE[0],
        height=SIZE[1],
        file_size=len(content),
        file_hash=sha1(content),
        collection=collection,
        uploaded_by_user=user,
    )
    CustomImage.objects.bulk_create([image])
    write(image.file.name, content)
    for spec, size in RENDITIONS:
        file = f"images/{name}.{spec}.png"
        Rendition.objects.bulk_create(
            [Rendition(image=image, filter_spec=spec, width=size[0], height=size[1], focal_point_key="", file=file)]
        )
        write(file, draw(rng, title, size))
    return image


def _library(rng: random.Random, collection: Collection, user) -> None:
    """Fills the library with pictures of several sizes, each with the renditions that Wagtail's chooser makes."""
    renditions = []
    for number in range(1, LIBRARY + 1):
        title = f"{rng.choice(IMAGE_TITLES)} {number:03}"
        name, size = title.replace(" ", "_"), rng.choice(LIBRARY_SIZES)
        content = draw(rng, title, size, "JPEG")
        image = CustomImage(
            title=title,
            description="",
            file=f"original_images/{name}.jpg",
            width=size[0],
            height=size[1],
            file_size=len(content),
            file_hash=sha1(content),
            collection=collection,
            uploaded_by_user=user,
        )
        CustomImage.objects.bulk_create([image])
        write(image.file.name, content)
        for spec, width in LIBRARY_RENDITIONS:
            small = (min(width, size[0]), max(1, size[1] * min(width, size[0]) // size[0]))
            file = f"images/{name}.{spec}.jpg"
            renditions.append(
                Rendition(image=image, filter_spec=spec, width=small[0], height=small[1], focal_point_key="", file=file)
            )
            write(file, draw(rng, title, small, "JPEG"))
    Rendition.objects.bulk_create(renditions)


def _document(title: str, collection: Collection, user) -> CustomDocument:
    content = _pdf(title)
    document = CustomDocument(
        title=title,
        file=f"documents/{title.replace(' ', '_')}.pdf",
        file_size=len(content),
        file_hash=sha1(content),
        collection=collection,
        uploaded_by_user=user,
    )
    CustomDocument.objects.bulk_create([document])
    write(document.file.name, content)
    return document


def draw(rng: random.Random, text: str, size: tuple[int, int], kind: str = "PNG") -> bytes:
    """Draws a plain picture with its title on it."""
    picture = Image.new("RGB", size, (rng.randrange(90, 200), rng.randrange(90, 200), rng.randrange(90, 200)))
    ImageDraw.Draw(picture).text((8, size[1] // 2), text, fill="white")
    target = io.BytesIO()
    picture.save(target, kind)
    return target.getvalue()


def _pdf(text: str) -> bytes:
    """Writes the smallest PDF with one empty page whose title is the document's."""
    return (
        f"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n4 0 obj<</Title({text})>>endobj\n"
        f"trailer<</Root 1 0 R/Info 4 0 R>>\n%%EOF\n"
    ).encode("latin-1", "replace")


def sha1(content: bytes) -> str:
    """Returns the hash by which Wagtail knows a file."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def write(name: str, content: bytes) -> None:
    """Writes one file below BC_MEDIA_ROOT; without that folder only the rows exist."""
    if not settings.MEDIA_ROOT:
        return
    path = Path(settings.MEDIA_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
