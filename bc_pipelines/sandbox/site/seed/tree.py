"""Adds pages to the tree, and writes the JSON of their StreamFields."""

import json
import random
from datetime import date, timedelta

from django.utils.text import slugify
from wagtail.models import Page

from bc_pipelines.sandbox.site.seed.accounts import Accounts
from bc_pipelines.sandbox.site.seed.clock import TODAY, Clock, make_uuid
from bc_pipelines.sandbox.site.seed.files import Files
from bc_pipelines.sandbox.site.seed.people import Person, Planted


class Tree:
    """Everything that writing a page takes: dice, clock, authors, files, people, and the production host."""

    def __init__(
        self, rng: random.Random, clock: Clock, accounts: Accounts, files: Files, planted: Planted, host: str
    ) -> None:
        self.rng = rng
        self.clock = clock
        self.accounts = accounts
        self.files = files
        self.planted = planted
        self.host = host
        self.pages: list[Page] = []

    def add(self, parent: Page, model: type[Page], title: str, **fields) -> Page:
        """Adds a live page below `parent`, a few hours after the one before.

        Args:
            parent: the page above; Wagtail's root for the root of a site.
            model: the type of the page.
            title: its title, from which the slug is made.
            **fields: whatever else the type has.
        """
        written = self.clock.forward(hours=self.rng.randrange(4, 40))
        fields.setdefault("slug", slugify(title))
        page = model(
            title=title,
            draft_title=title,
            translation_key=make_uuid(self.rng),
            owner=self.rng.choice(self.accounts.editors),
            search_description=f"{title}: what you need to know.",
            first_published_at=written,
            last_published_at=written,
            **fields,
        )
        parent.add_child(instance=page)
        self.pages.append(page)
        return page

    def block(self, kind: str, value) -> dict:
        """Returns one block as StreamField stores it."""
        return {"type": kind, "value": value, "id": str(make_uuid(self.rng))}

    def link(self, text: str, page: Page | None = None, url: str = "") -> dict:
        """Returns the value of a link block."""
        return {"text": text, "page": page.pk if page else None, "url": url}

    def stream(self, *blocks: dict) -> str:
        """Returns the JSON of a whole StreamField."""
        return json.dumps(blocks)

    def links(self, *links: dict) -> str:
        """Returns the JSON of a StreamField that holds nothing but links."""
        return self.stream(*(self.block("link", link) for link in links))

    def story(self, text: str, officer: Person | None = None) -> str:
        """Returns the body of a page: text and links, often a picture or a document, an officer where one is named."""
        target = self.rng.choice(self.pages)
        blocks = [
            self.block("paragraph", f"<p>{text}</p>"),
            self.block("heading", "What to do next"),
            self.block("paragraph", self._paragraph_with_links(target)),
        ]
        if self.rng.random() < 0.4:
            image = self.rng.choice(self.files.images)
            blocks.append(self.block("picture", {"image": image.pk, "caption": image.title}))
        if self.rng.random() < 0.3:
            blocks.append(self.block("document", self.rng.choice(self.files.documents).pk))
        if officer:
            blocks.append(self.block("contact", self.contact(officer)))
        return self.stream(*blocks)

    def contact(self, officer: Person) -> dict:
        """Returns the value of a contact block: published contact data of a named officer."""
        return {"name": officer.name, "role": "Service manager", "email": officer.email, "telephone": officer.phone}

    def _paragraph_with_links(self, target: Page) -> str:
        """Links by id, as the editor does, and now and then by an address that somebody pasted in."""
        text = f'<p>See also <a linktype="page" id="{target.pk}">{target.title}</a>.</p>'
        if self.rng.random() < 0.35:
            text += f'<p>The old page is at <a href="https://{self.host}/{target.slug}/">{self.host}</a>.</p>'
        return text

    def day(self, back: int) -> date:
        """Returns the date so many days before the seeded today."""
        return (TODAY - timedelta(days=back)).date()
