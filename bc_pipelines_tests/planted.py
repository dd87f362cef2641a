"""Invented people, in every place of the site's database that can hold personal data, each under a word of its own.

The words are plain letters and digits, so that JSON, COPY's escapes and text search leave them whole. Which copies may
still hold them is the privacy profiles' table, written down a second time on purpose.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

ROWS = 8
STAFF_DOMAINS = frozenset(("buckinghamshire.example", "torchbox.example"))

Rows = dict[str, dict[int, dict[str, object]]]


@dataclass(frozen=True)
class Planted:
    """A word that stands for a person.

    Attributes:
        place: where it was put, as ``table.column``, and what distinguishes it there.
        word: what to look for.
        stays_in: the copies that may hold it.
    """

    place: str
    word: str
    stays_in: frozenset[str] = frozenset()


NOWHERE: frozenset[str] = frozenset()
ON_STAGING = frozenset(("staging",))
EVERYWHERE = frozenset(("staging", "local"))


class _Garden:
    """Hands out words and notes where they went."""

    def __init__(self) -> None:
        self.planted: list[Planted] = []

    def word(self, place: str, stays_in: frozenset[str] = NOWHERE) -> str:
        word = f"planted{len(self.planted):03}zq"
        self.planted.append(Planted(place, word, stays_in))
        return word

    def email(self, place: str, stays_in: frozenset[str] = NOWHERE, domain: str = "residents.example") -> str:
        return f"{self.word(place, stays_in)}@{domain}"


def planted_rows() -> Rows:
    """What stands in some rows: by table, row number and column."""
    return _planted()[0]


def planted() -> tuple[Planted, ...]:
    """Every planted word."""
    return _planted()[1]


def _planted() -> tuple[Rows, tuple[Planted, ...]]:
    garden = _Garden()
    rows: Rows = {}
    for part in (_accounts, _secrets, _submitted, _editorial, _revisions, _logs, _outgoing, _copies, _published):
        for table, numbered in part(garden).items():
            for number, values in numbered.items():
                rows.setdefault(table, {}).setdefault(number, {}).update(values)
    return rows, tuple(garden.planted)


# E-mail domains that look like staff's, and are not.
_STRANGERS: Mapping[int, str] = {
    1: "residents.example",
    2: "buckinghamshire.example.residents.example",
    3: "notbuckinghamshire.example",
    4: "mail.buckinghamshire.example",
    5: "buc\u212ainghamshire.example",
}
# And addresses that are staff's, however they were typed.
_STAFF: Mapping[int, str] = {6: "{}@buckinghamshire.example", 7: "  {}@Torchbox.EXAMPLE "}


def _accounts(garden: _Garden) -> Rows:
    users: dict[int, dict[str, object]] = {}
    for number, domain in _STRANGERS.items():
        users[number] = _account(garden, number, "{}@" + domain, NOWHERE)
    for number, address in _STAFF.items():
        users[number] = _account(garden, number, address, ON_STAGING)
    # Two addresses in one, and a username that is an address.
    users[8] = _account(garden, 8, "{}@buckinghamshire.example@residents.example", NOWHERE)
    users[8]["username"] = f"{users[8]['username']}@residents.example"
    profiles: dict[int, dict[str, object]] = {
        number: {"avatar": f"avatar_images/{garden.word('wagtailusers_userprofile.avatar')}.jpg"} for number in (1, 6)
    }
    return {"users_user": users, "wagtailusers_userprofile": profiles}


def _account(garden: _Garden, number: int, address: str, stays_in: frozenset[str]) -> dict[str, object]:
    place = f"users_user row {number}, "
    return {
        "username": garden.word(place + "username", stays_in),
        "first_name": garden.word(place + "first_name", stays_in),
        "last_name": garden.word(place + "last_name", stays_in) + " O'Leary",
        "email": address.format(garden.word(place + "email", stays_in)),
        "password": f"pbkdf2_sha256$600000$salt${garden.word(place + 'password', stays_in)}",
        "is_superuser": number == 1,
    }


def _secrets(garden: _Garden) -> Rows:
    case = json.dumps({"case": "COMPLAINT-1234", "_auth_user_id": "1"}).encode()
    session = base64.urlsafe_b64encode(zlib.compress(case)).decode().rstrip("=")
    garden.planted.append(Planted("django_session.session_data", session))
    return {
        "wagtailcore_pageviewrestriction": {
            1: {"password": garden.word("wagtailcore_pageviewrestriction.password"), "restriction_type": "password"},
            2: {"password": "", "restriction_type": "login"},
        },
        "wagtailcore_collectionviewrestriction": {
            1: {"password": garden.word("wagtailcore_collectionviewrestriction.password")}
        },
        "django_session": {
            1: {"session_key": garden.word("django_session.session_key"), "session_data": f".{session}:1abc:signature"}
        },
        "database_cache": {
            1: {
                "cache_key": garden.word("database_cache.cache_key"),
                "value": garden.word("database_cache.value"),
            }
        },
    }


def _submitted(garden: _Garden) -> Rows:
    url = "https://www.buckinghamshire.example/bins/?email={}"
    answers = {
        "name": garden.word("form_data, name"),
        "date_of_birth": "1 May 1970",
        "email": garden.email("form_data"),
    }
    alert: dict[str, object] = {"search": json.dumps({"query": garden.word("recruitment_jobalertsubscription.search")})}
    return {
        "wagtailforms_formsubmission": {1: {"form_data": json.dumps(answers)}},
        "recruitment_jobalertsubscription": {
            1: alert
            | {
                "email": garden.email("recruitment_jobalertsubscription.email"),
                "token": garden.word("recruitment_jobalertsubscription.token"),
            }
        },
        "blogs_blogalertsubscription": {
            1: {
                "email": garden.email("blogs_blogalertsubscription.email"),
                "token": garden.word("blogs_blogalertsubscription.token"),
            }
        },
        "feedback_feedbackcomment": {
            1: {
                "action": garden.word("feedback_feedbackcomment.action"),
                "issue": f"Ring 07700 900123, {garden.word('feedback_feedbackcomment.issue')}",
                "original_url": url.format(garden.email("feedback_feedbackcomment.original_url")),
            }
        },
        "feedback_usefulnessfeedback": {
            1: {"original_url": url.format(garden.email("feedback_usefulnessfeedback.original_url"))}
        },
        # Promotions hang on queries 1 to 3 only.
        "wagtailsearchpromotions_query": {
            1: {"query_string": garden.word("wagtailsearchpromotions_query, promoted", EVERYWHERE)},
            4: {"query_string": garden.word("wagtailsearchpromotions_query.query_string")},
        },
        "wagtailsearchpromotions_searchpromotion": {n: {"query_id": n % 3 + 1} for n in range(1, ROWS + 1)},
    }


def _editorial(garden: _Garden) -> Rows:
    return {
        "wagtailcore_comment": {1: {"text": garden.word("wagtailcore_comment.text")}},
        "wagtailcore_commentreply": {1: {"text": garden.word("wagtailcore_commentreply.text")}},
        "wagtailcore_taskstate": {1: {"comment": f"Ask {garden.word('wagtailcore_taskstate.comment')}\nagain"}},
        "django_admin_log": {
            1: {
                "object_repr": garden.word("django_admin_log.object_repr"),
                "change_message": json.dumps([{"changed": {"name": garden.word("django_admin_log.change_message")}}]),
            }
        },
        "wagtailcore_modellogentry": {
            1: {
                "label": garden.word("wagtailcore_modellogentry.label"),
                "data": json.dumps({"url": garden.word("wagtailcore_modellogentry.data")}),
            }
        },
    }


def _revisions(garden: _Garden) -> Rows:
    def comments(place: str) -> list[dict[str, object]]:
        replies = [{"text": garden.word(f"wagtailcore_revision.content, reply {place}")}]
        return [{"text": garden.word(f"wagtailcore_revision.content, comment {place}"), "replies": replies}]

    kept = garden.word("wagtailcore_revision.content, body", EVERYWHERE)
    body = [{"type": "form", "value": {"to_address": garden.email("to_address in a StreamField"), "text": kept}}]
    deeper = [{"type": "raw", "value": json.dumps({"wagtail_admin_comments": comments("in JSON in JSON")})}]
    content = {
        "pk": 1,
        "owner": 1,
        "title": 'A "quoted" title\twith a tab',
        "latitude": "LATITUDE",
        "to_address": garden.email("wagtailcore_revision.content, to_address"),
        "from_address": garden.email("wagtailcore_revision.content, from_address"),
        "body": json.dumps([*body, *deeper]),
        "wagtail_admin_comments": comments("at the top"),
    }
    untouched = {"pk": 2, "body": json.dumps([{"value": "[not JSON"}]), "wagtail_admin_comments": []}
    # A number whose last digit Python would drop.
    written = json.dumps(content).replace('"LATITUDE"', "51.8150")
    return {"wagtailcore_revision": {1: {"content": written}, 2: {"content": json.dumps(untouched)}}}


def _logs(garden: _Garden) -> Rows:
    comment = {
        "comment": {"id": 1, "contentpath": "title", "text": garden.word("wagtailcore_pagelogentry.data, comment")}
    }
    reply = {"reply": {"id": 1, "text": garden.word("wagtailcore_pagelogentry.data, reply")}}
    workflow = {
        "workflow": {"id": 1, "title": garden.word("pagelogentry, workflow's title", EVERYWHERE), "next": None},
        "comment": garden.word("wagtailcore_pagelogentry.data, workflow remark"),
    }
    rename = {"title": {"old": "Bins", "new": garden.word("pagelogentry, page's title", EVERYWHERE)}}
    return {
        "wagtailcore_pagelogentry": {
            1: {"data": json.dumps(comment | reply)},
            2: {"data": json.dumps(workflow)},
            3: {"data": json.dumps(rename), "label": garden.word("wagtailcore_pagelogentry.label", EVERYWHERE)},
            4: {"data": "{}"},
        }
    }


def _outgoing(garden: _Garden) -> Rows:
    return {
        "forms_formpage": {
            1: {
                "to_address": f"{garden.email('forms_formpage.to_address')}, second@residents.example",
                "from_address": garden.email("forms_formpage.from_address"),
            },
            2: {"to_address": "", "from_address": ""},
        },
        "wagtailcore_uploadedfile": {1: {"file": f"wagtail_uploads/{garden.word('wagtailcore_uploadedfile.file')}"}},
        "wagtail_transfer_importedfile": {
            1: {
                "file": f"original_images/{garden.word('wagtail_transfer_importedfile.file')}.jpg",
                "source_url": f"https://old.example/{garden.word('wagtail_transfer_importedfile.source_url')}",
            }
        },
    }


def _copies(garden: _Garden) -> Rows:
    return {
        "wagtailsearch_indexentry": {
            1: {
                "autocomplete": f"'{garden.word('wagtailsearch_indexentry.autocomplete')}':1",
                "title": f"'{garden.word('wagtailsearch_indexentry.title')}':1",
                "body": f"'{garden.word('wagtailsearch_indexentry.body')}':1",
            }
        },
        # Rows 1 to 4 of one site become the same path, which only row 3 had before; row 5 loses nothing but its query.
        "wagtailredirects_redirect": {
            1: {"old_path": f"/bins?who={garden.word('wagtailredirects_redirect.old_path')}", "site_id": 1},
            2: {"old_path": f"/bins?who={garden.word('wagtailredirects_redirect.old_path')}", "site_id": 1},
            3: {"old_path": "/bins", "site_id": 1},
            4: {"old_path": f"/bins?who={garden.word('wagtailredirects_redirect.old_path')}", "site_id": None},
            5: {
                "old_path": f"/{garden.word('wagtailredirects_redirect, path', EVERYWHERE)}?q=1",
                "redirect_link": f"https://a.example/?e={garden.word('wagtailredirects_redirect.redirect_link')}",
                "redirect_page_route_path": f"/2026/?e={garden.word('wagtailredirects_redirect, route path')}",
            },
        },
        # The second row is about a job alert, whose table is purged.
        "django_content_type": {
            1: {"app_label": "wagtailcore", "model": "page"},
            2: {"app_label": "recruitment", "model": "jobalertsubscription"},
        },
    }


def _published(garden: _Garden) -> Rows:
    return {
        "blogs_blogpostpage": {1: {"author": garden.word("blogs_blogpostpage.author", EVERYWHERE)}},
        "recruitment_talentlinkjob": {
            1: {
                "contact_email": garden.email("recruitment_talentlinkjob.contact_email", EVERYWHERE),
                "application_url_query": garden.word("recruitment_talentlinkjob.application_url_query", EVERYWHERE),
            }
        },
        "family_information_ehcco": {
            1: {
                "name": garden.word("family_information_ehcco.name", EVERYWHERE),
                "email": garden.email("family_information_ehcco.email", EVERYWHERE),
            }
        },
        "family_information_school": {1: {"hub_email": garden.email("family_information_school", EVERYWHERE)}},
        "location_locationpage": {1: {"email_address": garden.email("location_locationpage", EVERYWHERE)}},
        "images_customimage": {1: {"title": garden.word("images_customimage.title", EVERYWHERE)}},
        "documents_customdocument": {1: {"file": f"documents/{garden.word('customdocument.file', EVERYWHERE)}.pdf"}},
        "forms_formfield": {1: {"default_value": garden.word("forms_formfield.default_value", EVERYWHERE)}},
        "wagtailembeds_embed": {1: {"author_name": garden.word("wagtailembeds_embed.author_name", EVERYWHERE)}},
        "taggit_tag": {1: {"name": garden.word("taggit_tag.name", EVERYWHERE)}},
    }
