"""What the public sends in: forms, job and blog alerts, feedback, searches. Only this grows with the scale."""

import json
import random
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Model
from wagtail.contrib.search_promotions.models import Query, QueryDailyHits, SearchPromotion
from wagtail.models import Page

from bc_pipelines.sandbox.site.blogs.models import BlogAlertSubscription, BlogHomePage
from bc_pipelines.sandbox.site.feedback.models import FeedbackComment, UsefulnessFeedback
from bc_pipelines.sandbox.site.forms.models import FormPage, FormSubmission
from bc_pipelines.sandbox.site.recruitment.models import JobAlertSubscription, RecruitmentHomePage
from bc_pipelines.sandbox.site.seed import texts
from bc_pipelines.sandbox.site.seed.clock import TODAY, spread
from bc_pipelines.sandbox.site.seed.people import Person, Planted

BATCH = 2_000


def create(rng: random.Random, planted: Planted, pages: Sequence[Page], host: str) -> None:
    """Stores everything that the planted people sent in, with times that go back from the seeded today."""
    _forms(rng, planted)
    _alerts(rng, planted)
    _feedback(rng, planted, pages, host)
    _searches(rng, planted, pages)


def _store(model: type[Model], rows: Iterable[Model], field: str | None = None, step: timedelta | None = None) -> None:
    """Inserts rows in batches; their automatic time, if they have one, is spread afterwards."""
    model.objects.bulk_create(rows, batch_size=BATCH)
    if field and step:
        spread(model, field, step)


def _forms(rng: random.Random, planted: Planted) -> None:
    forms = list(FormPage.objects.order_by("pk"))
    rows = (
        FormSubmission(page=forms[number % len(forms)], form_data=_answers(rng, person))
        for number, person in enumerate(planted.submitters)
    )
    _store(FormSubmission, rows, "submit_time", timedelta(minutes=97))


def _answers(rng: random.Random, person: Person) -> dict[str, str]:
    return {
        "your_name": person.name,
        "email_address": person.email,
        "telephone": person.phone,
        "date_of_birth": person.born.isoformat(),
        "address": f"{person.street}\n{person.postcode}",
        "message": f"{rng.choice(texts.MESSAGES)}\nRegards, {person.name}",
    }


def _alerts(rng: random.Random, planted: Planted) -> None:
    boards = list(RecruitmentHomePage.objects.order_by("pk"))
    rows = (
        JobAlertSubscription(
            email=subscriber.person.email,
            search=json.dumps({"query": rng.choice(texts.JOBS)[0], "postcode": subscriber.person.postcode}),
            confirmed=rng.random() < 0.8,
            token=subscriber.token,
            homepage=boards[number % len(boards)],
        )
        for number, subscriber in enumerate(planted.job_subscribers)
    )
    _store(JobAlertSubscription, rows, "created", timedelta(hours=5))
    blog = BlogHomePage.objects.get()
    rows = (
        BlogAlertSubscription(
            email=subscriber.person.email, confirmed=rng.random() < 0.8, token=subscriber.token, homepage=blog
        )
        for subscriber in planted.blog_subscribers
    )
    _store(BlogAlertSubscription, rows, "created", timedelta(hours=9))


def _feedback(rng: random.Random, planted: Planted, pages: Sequence[Page], host: str) -> None:
    urls = [f"https://{host}/{page.slug}/" for page in pages]
    rows = []
    for person in planted.complainants:
        number = rng.randrange(len(pages))
        issue = f"{rng.choice(texts.MESSAGES)} {person.name}, {person.phone}"
        action = f"Filling in the form as {person.email}"
        rows.append(FeedbackComment(page=pages[number], original_url=urls[number], action=action, issue=issue))
    _store(FeedbackComment, rows, "created", timedelta(hours=3))
    rows = []
    for person in planted.complainants:
        number = rng.randrange(len(pages))
        url = f"{urls[number]}?email={person.email}" if rng.random() < 0.3 else urls[number]
        rows.append(UsefulnessFeedback(page=pages[number], original_url=url, useful=rng.random() < 0.7))
    _store(UsefulnessFeedback, rows, "created", timedelta(hours=2))


def _searches(rng: random.Random, planted: Planted, pages: Sequence[Page]) -> None:
    """Counts searches by day; the first few words have editors' promotions hanging on them."""
    typed = [*texts.SEARCHES, *(_typed_by(rng, person) for person in planted.searchers)]
    # Wagtail keeps each query once, in lower case.
    queries = [Query(query_string=words) for words in dict.fromkeys(words.lower() for words in typed)]
    _store(Query, queries)
    days = (
        QueryDailyHits(query=query, date=(TODAY - timedelta(days=back)).date(), hits=rng.randrange(1, 40))
        for query in queries
        for back in sorted(rng.sample(range(60), 3))
    )
    _store(QueryDailyHits, days)
    _promote(queries, pages)


def _typed_by(rng: random.Random, person: Person) -> str:
    """Returns what somebody typed who took the search for a form."""
    return rng.choice((person.name, person.email, f"call {person.phone}", f"complaint {person.name}"))


def _promote(queries: Sequence[Query], pages: Sequence[Page]) -> None:
    inside = (
        SearchPromotion(query=query, page=pages[number + 1], description="What most people look for", sort_order=0)
        for number, query in enumerate(queries[:4])
    )
    outside = SearchPromotion(
        query=queries[5],
        external_link_url="https://bluebadge.example/apply",
        external_link_text="Apply for a blue badge",
        sort_order=0,
    )
    _store(SearchPromotion, (*inside, outside))
