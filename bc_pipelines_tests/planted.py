"""Invented people, in every place of the site's database that can hold personal data, each under a word of its own.

The words are plain letters and digits, so that JSON, COPY's escapes and text search leave them whole. Which copies may
still hold them is the privacy profiles' table, written down a second time on purpose. Here are people who have accounts
or sent something in; those of whom editors write are in ``planted_texts.py``.
"""

import base64
import json
import pickle
import zlib
from collections.abc import Mapping

from bc_pipelines_tests import planted_texts as texts
from bc_pipelines_tests.planting import EVERYWHERE, NOWHERE, ON_STAGING, ROWS, Garden, Planted, Rows

STAFF_DOMAINS = frozenset(("buckinghamshire.example", "torchbox.example"))


def planted_rows() -> Rows:
    """What stands in some rows: by table, row number and column."""
    return _planted()[0]


def planted() -> tuple[Planted, ...]:
    """Every planted word."""
    return _planted()[1]


def _planted() -> tuple[Rows, tuple[Planted, ...]]:
    garden = Garden()
    rows: Rows = {}
    for part in _PARTS:
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


def _accounts(garden: Garden) -> Rows:
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
    # Times stay: fractions of an hour, because a server shows hours in its own time zone.
    users[1]["last_login"] = f"2026-01-02 09:{garden.note('users_user.last_login', '30:01.020304', EVERYWHERE)}+00"
    users[1]["date_joined"] = f"2020-01-02 09:{garden.note('users_user.date_joined', '30:01.020305', EVERYWHERE)}+00"
    profiles[1]["dismissibles"] = json.dumps({garden.word("wagtailusers_userprofile.dismissibles", EVERYWHERE): True})
    return {"users_user": users, "wagtailusers_userprofile": profiles}


def _account(garden: Garden, number: int, address: str, stays_in: frozenset[str]) -> dict[str, object]:
    def word(column: str) -> str:
        return garden.word(f"users_user.{column}, row {number}", stays_in)

    return {
        "username": word("username"),
        "first_name": word("first_name"),
        "last_name": word("last_name") + " O'Leary",
        "email": address.format(word("email")),
        "password": f"pbkdf2_sha256$600000$salt${word('password')}",
        "is_superuser": number == 1,
    }


def _secrets(garden: Garden) -> Rows:
    case = json.dumps({"case": "COMPLAINT-1234", "_auth_user_id": "1"}).encode()
    session = base64.urlsafe_b64encode(zlib.compress(case)).decode().rstrip("=")
    garden.note("django_session.session_data", session)
    pickled = base64.b64encode(pickle.dumps({"reply_to": "visitor.of.a.cache@residents.example"})).decode()
    garden.note("database_cache.value", pickled)
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
                "value": pickled,
            }
        },
    }


def _submitted(garden: Garden) -> Rows:
    url = "https://www.buckinghamshire.example/bins/?email={}"
    answers = {
        "name": garden.word("wagtailforms_formsubmission.form_data, name"),
        "date_of_birth": "1 May 1970",
        "email": garden.email("wagtailforms_formsubmission.form_data, email"),
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
            1: {"query_string": garden.word("wagtailsearchpromotions_query.query_string, promoted", EVERYWHERE)},
            4: {"query_string": f"bins {garden.email('wagtailsearchpromotions_query.query_string')}"},
        },
        "wagtailsearchpromotions_searchpromotion": {n: {"query_id": n % 3 + 1} for n in range(1, ROWS + 1)},
    }


def _outgoing(garden: Garden) -> Rows:
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


_PARTS = (
    *(_accounts, _secrets, _submitted, _outgoing),
    *(texts.editorial, texts.revisions, texts.logs, texts.copies, texts.published),
)
