"""Pages of the council's main site."""

import random
from datetime import time
from decimal import Decimal

from wagtail.models import Page

from bc_pipelines.sandbox.site.alerts.models import Alert
from bc_pipelines.sandbox.site.blogs import models as blogs
from bc_pipelines.sandbox.site.cases.models import ApteanRespondCaseFormPage
from bc_pipelines.sandbox.site.events import models as events
from bc_pipelines.sandbox.site.forms.models import FormField, FormPage, LookupPage, PostcodeLookupResponse
from bc_pipelines.sandbox.site.home.models import HomePage
from bc_pipelines.sandbox.site.location.models import LocationIndexPage, LocationPage
from bc_pipelines.sandbox.site.news import models as news
from bc_pipelines.sandbox.site.seed import names, texts
from bc_pipelines.sandbox.site.seed.tree import Tree
from bc_pipelines.sandbox.site.standardpages import models as standard
from bc_pipelines.sandbox.site.utils.models import CallToActionSnippet

FORM_FIELDS = (
    ("Your name", "singleline", True),
    ("Email address", "email", True),
    ("Telephone", "singleline", False),
    ("Date of birth", "date", False),
    ("Address", "multiline", False),
    ("Message", "multiline", True),
)


def create(tree: Tree, root: Page) -> HomePage:
    """Creates the home page of the main site and everything below it."""
    action = CallToActionSnippet.objects.create(
        title="Tell us once", summary="<p>Moving? Tell every service in one go.</p>", image=tree.files.images[0]
    )
    home = tree.add(
        root,
        HomePage,
        "Home",
        strapline="Everything the council does, in one place",
        hero_image=tree.files.images[0],
        logo=tree.files.images[6],
        call_to_action=action,
    )
    _services(tree, home)
    _forms(tree, home)
    _small_pages(tree, home)
    _news(tree, home)
    _blog(tree, home)
    _events(tree, home)
    _places(tree, home)
    return home


def _services(tree: Tree, home: HomePage) -> None:
    for number, (service, topics) in enumerate(texts.SERVICES.items()):
        index = tree.add(home, standard.IndexPage, service, introduction=topics[0][1], show_in_menus=number < 6)
        previous = None
        for title, text in topics:
            officer = tree.planted.officers[number] if title == topics[0][0] else None
            page = tree.add(
                index,
                standard.InformationPage,
                title,
                intro_text=f"<p>{text.split('. ')[0]}.</p>",
                body=tree.story(text, officer),
                display_contents=tree.rng.random() < 0.5,
            )
            if previous:
                standard.InformationPageRelatedPage.objects.create(source_page=page, page=previous, sort_order=0)
            previous = page
    Alert.objects.create(
        title="Collections a day late",
        content="<p>After the bank holiday.</p>",
        page=home,
        show_on=Alert.PAGE_AND_BELOW,
    )


def _forms(tree: Tree, home: HomePage) -> None:
    titles = ("Contact us", "Report a problem with a road", "Have your say on the budget")
    for title, inbox in zip(titles, tree.planted.inboxes, strict=False):
        form = tree.add(
            home,
            FormPage,
            title,
            introduction="<p>We answer within five working days.</p>",
            thank_you_text="<p>Thank you, we have what you sent.</p>",
            to_address=inbox,
            from_address="noreply@buckinghamshire.example",
            subject=title,
            auto_delete=90,
        )
        for order, (label, kind, required) in enumerate(FORM_FIELDS):
            # Saved one by one: FormField.save makes the clean_name under which answers are kept.
            FormField(page=form, sort_order=order, label=label, field_type=kind, required=required).save()


def _small_pages(tree: Tree, home: HomePage) -> None:
    story = tree.story("We set a cookie to keep you logged in, and none to follow you around.")
    tree.add(home, standard.InformationPage, "Cookies", body=story)
    story = tree.story("Call us between nine and five on weekdays.", tree.planted.officers[0])
    contact = tree.add(home, standard.InformationPage, "How to reach us", body=story)
    tree.add(
        home,
        standard.RedirectPage,
        "Council meetings",
        external_url="https://meetings.buckinghamshire.example/calendar",
    )
    for title, form in (("Make a complaint", "comp"), ("Ask for information", "foi")):
        tree.add(
            home,
            ApteanRespondCaseFormPage,
            title,
            form=form,
            introduction="<p>You get a reference at once.</p>",
            completion_title="Your case is open",
            body=tree.story("Say what happened and when."),
        )
    lookup = tree.add(
        home,
        LookupPage,
        "Find your collection day",
        form_heading="Your postcode",
        input_label="Postcode",
        input_help_text="For example ZZ99 1AA",
        no_match_message="We do not know that postcode.",
        start_again_text="Start again",
    )
    PostcodeLookupResponse.objects.create(
        page=lookup,
        postcodes=["ZZ991AA", "ZZ991AB"],
        answer="<p>Tuesday.</p>",
        link_page=contact,
        link_button_text="Something else",
    )


def _news(tree: Tree, home: HomePage) -> None:
    kinds = [news.NewsType.objects.create(title=title) for title in ("Announcement", "Consultation")]
    index = tree.add(home, news.NewsIndex, "News", show_in_menus=True)
    for number, (title, text) in enumerate(texts.NEWS):
        officer = tree.planted.officers[number]
        quote = f"{text} {officer.name}, who leads the service, said: “We listened, and this is what people asked for.”"
        page = tree.add(
            index,
            news.NewsPage,
            title,
            introduction=text,
            body=tree.story(quote),
            publication_date=tree.clock.time if number % 2 else None,
            listing_image=tree.files.images[number],
        )
        news.NewsPageNewsType.objects.create(page=page, news_type=kinds[number == 4])


def _blog(tree: Tree, home: HomePage) -> None:
    start = tree.add(home, blogs.BlogGlobalHomePage, "Blogs")
    blog = tree.add(
        start,
        blogs.BlogHomePage,
        "Behind the scenes",
        about_title="About this blog",
        about_description="The people who do the work write about it.",
        twitter_handle="@bucksbehindthescenes.invalid",
    )
    category = blogs.BlogHomePageCategories.objects.create(page=blog, name="Working life", slug="working-life")
    about = tree.add(
        blog,
        blogs.BlogAboutPage,
        "About this blog",
        intro_text="Who writes here.",
        body=tree.story("Every team takes its turn.", tree.planted.officers[2]),
    )
    for number, (title, text) in enumerate(texts.POSTS):
        post = tree.add(
            blog,
            blogs.BlogPostPage,
            title,
            author=tree.planted.officers[number].name,
            date_published=tree.clock.time.date(),
            intro_text=text,
            body=tree.story(text),
            image=tree.files.images[number + 1],
        )
        post.categories.set([category])
        post.save()
        blogs.NotificationRecord.objects.create(blog_post=post, was_sent=number < 2)
    blog.about_page, blog.featured_blogpost_page = about, post
    blog.save()


def _events(tree: Tree, home: HomePage) -> None:
    index = tree.add(home, events.EventIndexPage, "Events", description="What is on.", fetch_all_events=True)
    kind = events.EventType.objects.create(title="Community")
    for number, (title, text) in enumerate(texts.EVENTS):
        page = tree.add(
            index,
            events.EventPage,
            title,
            introduction=text,
            body=tree.story(text),
            start_date=tree.day(-14 * (number + 1)),
            start_time=time(10 + number),
            location_name="Community hall",
            street_address_1=_street(tree.rng),
            city=names.TOWNS[number],
            postcode=f"ZZ99 {number}AA",
        )
        events.EventPageEventType.objects.create(page=page, event_type=kind)


def _places(tree: Tree, home: HomePage) -> None:
    index = tree.add(home, LocationIndexPage, "Places", body="<p>Offices, libraries and recycling centres.</p>")
    for number, title in enumerate(texts.PLACES):
        officer = tree.planted.officers[number + 3]
        tree.add(
            index,
            LocationPage,
            title,
            image=tree.files.images[number],
            street_address_1=_street(tree.rng),
            city=names.TOWNS[number],
            postcode=f"ZZ99 {number}BB",
            telephone=officer.phone,
            email_address=officer.email,
            latlng=f"{Decimal('51.7') + Decimal(number) / 10},-0.8",
            body=tree.story("Open from nine to five on weekdays.", officer),
        )


def _street(rng: random.Random) -> str:
    return f"{rng.randrange(1, 90)} {rng.choice(names.STREET_WORDS)} {rng.choice(names.STREET_KINDS)}"
