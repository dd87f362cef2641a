"""Site records on production's hosts, and what belongs to each: navigation, important pages, social media, messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from wagtail.models import Page, Site

from bc_pipelines.sandbox.site.navigation.models import NavigationSettings
from bc_pipelines.sandbox.site.seed import main_site, sub_sites
from bc_pipelines.sandbox.site.seed.clock import make_uuid
from bc_pipelines.sandbox.site.seed.tree import Tree
from bc_pipelines.sandbox.site.utils.models import ImportantPages, SocialMediaSettings, SystemMessagesSettings

# The name of each site and what makes its pages, in the order of BC_SITE_HOSTS; the first is the default site.
SITES = (
    ("Buckinghamshire Council", main_site.create),
    ("Buckinghamshire Council Jobs", sub_sites.create_jobs),
    ("Buckinghamshire Council Internal Jobs", sub_sites.create_internal_jobs),
    ("Bucks Family Information Service", sub_sites.create_family_information),
    ("Care Advice Buckinghamshire", sub_sites.create_care_advice),
)


@dataclass(frozen=True)
class Sites:
    """The Site records in the order of SITES, and every page that was made for them."""

    records: tuple[Site, ...]
    pages: tuple[Page, ...]


def create(tree: Tree, hosts: Sequence[str]) -> Sites:
    """Replaces the page and Site that Wagtail's migrations leave by the council's five sites.

    Args:
        tree: what pages are written with.
        hosts: production's host names, one for each entry of SITES.

    Raises:
        ValueError: if the number of hosts is not that of SITES.
    """
    root = Page.get_first_root_node()
    _remove_welcome_page(root)
    Page.objects.filter(pk=root.pk).update(translation_key=make_uuid(tree.rng))
    records = []
    for number, (host, (name, make_pages)) in enumerate(zip(hosts, SITES, strict=True)):
        home = make_pages(tree, root)
        # Asked for again: add_child on a stale parent would give two pages the same path.
        root.refresh_from_db()
        records.append(
            Site.objects.create(hostname=host, port=443, site_name=name, root_page=home, is_default_site=number == 0)
        )
    sub_sites.advertise(tree, tuple(record.root_page.specific for record in records[1:3]))
    contact = next(page for page in tree.pages if page.slug == "contact-us")
    cookies = next(page for page in tree.pages if page.slug == "cookies")
    for record in records:
        _settings(tree, record, contact, cookies)
    return Sites(tuple(records), tuple(tree.pages))


def _remove_welcome_page(root: Page) -> None:
    Site.objects.all().delete()
    for page in root.get_children():
        page.specific.delete()
    root.refresh_from_db()


def _settings(tree: Tree, site: Site, contact: Page, cookies: Page) -> None:
    # Links to pages or to other people's hosts: navigation must follow the Site records wherever it is copied to.
    links = [tree.link("Contact", contact), tree.link("Press office", url="https://press.example/")]
    items = [{"type": "item", "value": link, "id": str(make_uuid(tree.rng))} for link in links]
    NavigationSettings.objects.create(
        site=site,
        header_title=site.site_name,
        footer_columns=tree.stream(tree.block("column", {"heading": "About this site", "links": items})),
        footer_links=tree.links(tree.link("Cookies", cookies)),
    )
    ImportantPages.objects.create(
        site=site,
        contact_us_page=contact,
        cookie_information_page=cookies,
        directory_url=f"https://{tree.host}/directory/",
    )
    SocialMediaSettings.objects.create(
        site=site,
        site_name=site.site_name,
        twitter_handle="@bucks.invalid",
        youtube_channel_url="https://videos.example/bucks",
        default_sharing_text=f"Found on {site.site_name}",
    )
    SystemMessagesSettings.objects.create(
        site=site,
        title_404="We cannot find that page",
        body_404="<p>It may have moved. Try the search.</p>",
        body_no_search_results="<p>Nothing matches. Try fewer words.</p>",
        search_cta_title="Still looking?",
        search_cta_button=tree.links(tree.link("Contact us", contact)),
    )
