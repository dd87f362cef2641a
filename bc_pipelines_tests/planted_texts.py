"""Invented people in what editors write and in what the site publishes: remarks, drafts, logs, pages, files, links."""

import json

from bc_pipelines_tests.planting import EVERYWHERE, Garden, Rows


def editorial(garden: Garden) -> Rows:
    """Remarks, and logs of what was changed."""
    return {
        "wagtailcore_comment": {1: {"text": garden.word("wagtailcore_comment.text")}},
        "wagtailcore_commentreply": {1: {"text": garden.word("wagtailcore_commentreply.text")}},
        "wagtailcore_taskstate": {1: {"comment": f"Ask {garden.word('wagtailcore_taskstate.comment')}\nagain"}},
        "django_admin_log": {
            1: {
                "object_repr": f"account {garden.email('django_admin_log.object_repr')}",
                "change_message": json.dumps([{"changed": {"name": garden.email("django_admin_log.change_message")}}]),
            }
        },
        "wagtailcore_modellogentry": {
            1: {
                "label": f"account {garden.email('wagtailcore_modellogentry.label')}",
                "data": json.dumps({"url": garden.email("wagtailcore_modellogentry.data")}),
            }
        },
    }


def revisions(garden: Garden) -> Rows:
    """Old drafts with comments, replies and recipients inside, at every depth."""

    def comments(place: str) -> list[dict[str, object]]:
        replies = [{"text": garden.word(f"wagtailcore_revision.content, reply {place}")}]
        return [{"text": garden.word(f"wagtailcore_revision.content, comment {place}"), "replies": replies}]

    kept = garden.word("wagtailcore_revision.content, body", EVERYWHERE)
    recipient = garden.email("wagtailcore_revision.content, to_address in a StreamField")
    body = [{"type": "form", "value": {"to_address": recipient, "text": kept}}]
    deeper = [{"type": "raw", "value": json.dumps({"wagtail_admin_comments": comments("in JSON in JSON")})}]
    # Who gets a form's answers now is also in its old drafts.
    live = garden.email("forms_formpage.to_address, also in a draft")
    content = {
        "pk": 1,
        "owner": 1,
        "title": 'A "quoted" title\twith a tab',
        "latitude": "LATITUDE",
        "to_address": f"{garden.email('wagtailcore_revision.content, to_address')}, {live}",
        "from_address": garden.email("wagtailcore_revision.content, from_address"),
        "body": json.dumps([*body, *deeper]),
        "wagtail_admin_comments": comments("at the top"),
    }
    untouched = {"pk": 2, "body": json.dumps([{"value": "[not JSON"}]), "wagtail_admin_comments": []}
    # A number whose last digit Python would drop.
    written = json.dumps(content).replace('"LATITUDE"', "51.8150")
    named = garden.word("wagtailcore_revision.object_str", EVERYWHERE)
    return {
        "forms_formpage": {3: {"to_address": live}},
        "wagtailcore_revision": {1: {"content": written, "object_str": named}, 2: {"content": json.dumps(untouched)}},
    }


def logs(garden: Garden) -> Rows:
    """Page history, with remarks among what editors read."""
    comment = {
        "comment": {"id": 1, "contentpath": "title", "text": garden.word("wagtailcore_pagelogentry.data, comment")}
    }
    reply = {"reply": {"id": 1, "text": garden.word("wagtailcore_pagelogentry.data, reply")}}
    workflow = {
        "workflow": {
            "id": 1,
            "title": garden.word("wagtailcore_pagelogentry.data, workflow's title", EVERYWHERE),
            "next": None,
        },
        "comment": garden.word("wagtailcore_pagelogentry.data, workflow remark"),
    }
    rename = {"title": {"old": "Bins", "new": garden.word("wagtailcore_pagelogentry.data, page's title", EVERYWHERE)}}
    return {
        "wagtailcore_pagelogentry": {
            1: {"data": json.dumps(comment | reply)},
            2: {"data": json.dumps(workflow)},
            3: {"data": json.dumps(rename), "label": garden.word("wagtailcore_pagelogentry.label", EVERYWHERE)},
            4: {"data": "{}"},
        }
    }


def copies(garden: Garden) -> Rows:
    """Words in the search index, and redirects whose queries hold somebody."""
    route = garden.email("wagtailredirects_redirect.redirect_page_route_path")
    # The index holds words of other things, such as what somebody sent in.
    indexed = {name: garden.email(f"wagtailsearch_indexentry.{name}") for name in ("autocomplete", "title", "body")}
    return {
        "wagtailforms_formsubmission": {2: {"form_data": json.dumps({"email": list(indexed.values())})}},
        "wagtailsearch_indexentry": {
            1: {name: f"'{address}':1" for name, address in indexed.items()},
        },
        # Rows 1 to 4 of one site become the same path, which only row 3 had before; row 5 loses nothing but its query.
        "wagtailredirects_redirect": {
            1: {"old_path": f"/bins?who={garden.word('wagtailredirects_redirect.old_path')}", "site_id": 1},
            2: {"old_path": f"/bins?who={garden.word('wagtailredirects_redirect.old_path')}", "site_id": 1},
            3: {"old_path": "/bins", "site_id": 1},
            4: {"old_path": f"/bins?who={garden.word('wagtailredirects_redirect.old_path')}", "site_id": None},
            5: {
                "old_path": f"/{garden.word('wagtailredirects_redirect.old_path, path', EVERYWHERE)}?q=1",
                "redirect_link": f"https://a.example/?e={garden.email('wagtailredirects_redirect.redirect_link')}",
                "redirect_page_route_path": f"/2026/?e={route}",
            },
        },
        # The second row is about a job alert, whose table is purged.
        "django_content_type": {
            1: {"app_label": "wagtailcore", "model": "page"},
            2: {"app_label": "recruitment", "model": "jobalertsubscription"},
        },
    }


def published(garden: Garden) -> Rows:
    """Everything that stays by choice, one word in each column."""
    return {table: {1: {name: garden.word(f"{table}.{name}", EVERYWHERE) for name in names}} for table, names in _STAY}


# Published content, drafts' names, files, and addresses of the site's own pages and services: kept exactly.
_STAY = (
    ("blogs_blogpostpage", ("author",)),
    ("documents_customdocument", ("title", "file")),
    ("events_eventpage", ("street_address_1", "street_address_2", "postcode", "redirect_to")),
    ("family_information_ehcco", ("name", "email")),
    ("family_information_school", ("hub_email",)),
    ("forms_formfield", ("default_value",)),
    ("images_customimage", ("title", "file", "description")),
    ("images_rendition", ("file",)),
    ("location_locationpage", ("street_address_1", "street_address_2", "postcode", "telephone", "email_address")),
    ("recruitment_talentlinkjob", ("contact_email", "description", "application_url_query")),
    ("service_directory_directorymanagementapi", ("api_url",)),
    ("service_directory_servicedirectory", ("frontend_url", "directory_api_url")),
    ("standardpages_redirectpage", ("external_url",)),
    ("taggit_tag", ("name",)),
    ("utils_importantpages", ("directory_url",)),
    ("wagtailcore_collection", ("name",)),
    ("wagtailcore_page", ("title",)),
    ("wagtaildocs_document", ("title", "file")),
    ("wagtailembeds_embed", ("author_name",)),
    ("wagtailimages_image", ("title", "file", "description")),
    ("wagtailimages_rendition", ("file",)),
)
