"""What the council's site has birdbath delete; a model each, with birdbath's own deleter."""

from birdbath.processors import BaseModelDeleter
from wagtail.contrib.forms.models import FormSubmission
from wagtail.contrib.search_promotions.models import Query
from wagtail.models import ReferenceIndex

from bc_pipelines.sandbox.site.blogs.models import BlogAlertSubscription
from bc_pipelines.sandbox.site.recruitment.models import JobAlertSubscription

# The council's admin lists both, and of what Wagtail's admin lists, its index of references follows every deletion.
for listed in (BlogAlertSubscription, JobAlertSubscription):
    ReferenceIndex.register_model(listed)


class FormSubmissions(BaseModelDeleter):  # type: ignore[misc]
    """Forms that were sent in."""

    model = FormSubmission


class SearchQueries(BaseModelDeleter):  # type: ignore[misc]
    """What was searched for."""

    model = Query


class BlogAlertSubscriptions(BaseModelDeleter):  # type: ignore[misc]
    """Subscriptions to blogs."""

    model = BlogAlertSubscription


class JobAlertSubscriptions(BaseModelDeleter):  # type: ignore[misc]
    """Subscriptions to vacancies."""

    model = JobAlertSubscription
