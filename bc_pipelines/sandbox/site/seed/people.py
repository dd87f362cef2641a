"""Who is planted in the sandbox's production, so that tests can look for them elsewhere.

Needs no Django and no database: `planted(seed, scale)` gives the same people as `manage.py seed` with the same figures.
Every person is put together from invented words; addresses end in reserved domains, telephone numbers are Ofcom's for
drama (01632 960xxx, 07700 900xxx), postcodes begin with ZZ99, which is no place.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bc_pipelines.sandbox.site.seed import names

STAFF_DOMAINS = ("buckinghamshire.example", "torchbox.example")
SANDBOX_PASSWORD = "correct horse battery staple"  # noqa: S105 -- the sandbox's public one, for every account

SUBMITTERS = 80
JOB_SUBSCRIBERS = 60
BLOG_SUBSCRIBERS = 40
COMPLAINANTS = 50
SEARCHERS = 30
PLAIN_OUTSIDERS = 19

# 73 x 52 x 34 names; a step that shares no factor with their number visits each once before any comes again.
_NAMES = len(names.FIRST_NAMES) * len(names.LAST_BEGINNINGS) * len(names.LAST_ENDINGS)
_STEP = 48_611
_OFFICER_NUMBERS = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented, with what a form would ask of them."""

    first_name: str
    last_name: str
    email: str
    phone: str
    street: str
    postcode: str
    born: date

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the admin. `person.email` is what stands in the database, also where it is oddly written."""

    person: Person
    username: str
    is_superuser: bool = False


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who asked for alerts; the token is the secret of the link that ends them."""

    person: Person
    token: str


@dataclass(frozen=True, repr=False)
class Planted:
    """Everybody in the seeded database, by what became of them there.

    Attributes:
        staff: accounts on a staff domain once trimmed and lower-cased; one address is written in capitals with spaces.
        outsiders: all other accounts; first a superuser, then addresses that merely look like staff, then one whose
            username is an e-mail address, then one without an e-mail address.
        officers: people whose contact data is published, and stays so. The first also asked for job alerts.
        pictured: people named in the titles and names of published images and documents.
        submitters: people who sent in forms.
        job_subscribers: people who asked for job alerts.
        blog_subscribers: people who asked for blog alerts.
        complainants: people who wrote their name and number into a page's feedback.
        searchers: people who typed their own name or number into the search.
        mentioned: people of whom editors speak in comments, workflow remarks and logs.
        case_references: references of cases, kept in sessions.
        view_passwords: shared passwords of private pages and collections, in plain text.
        inboxes: addresses that forms are mailed to; the last only in old drafts.
    """

    staff: tuple[Account, ...]
    outsiders: tuple[Account, ...]
    officers: tuple[Person, ...]
    pictured: tuple[Person, ...]
    submitters: tuple[Person, ...]
    job_subscribers: tuple[Subscriber, ...]
    blog_subscribers: tuple[Subscriber, ...]
    complainants: tuple[Person, ...]
    searchers: tuple[Person, ...]
    mentioned: tuple[Person, ...]
    case_references: tuple[str, ...]
    view_passwords: tuple[str, ...]
    inboxes: tuple[str, ...]

    @property
    def the_public(self) -> tuple[Person, ...]:
        """Everybody who sent something in or is spoken of, none of whom may be found in a sanitised copy."""
        subscribers = (*self.job_subscribers, *self.blog_subscribers)
        people = (*self.submitters, *(each.person for each in subscribers), *self.complainants, *self.searchers)
        return tuple(person for person in (*people, *self.mentioned) if person not in self.officers)

    def private_values(self) -> dict[str, frozenset[str]]:
        """Returns what may not be found in a sanitised copy, by kind: email, name, phone, username, token, secret.

        Outsiders' own names and addresses are among it, staff's and officers' are not.
        """
        outsiders = tuple(account.person for account in self.outsiders)
        subscribers = (*self.job_subscribers, *self.blog_subscribers)
        return {
            "email": frozenset(each.email for each in (*self.the_public, *outsiders) if each.email),
            "name": frozenset(each.name for each in (*self.the_public, *outsiders)),
            "phone": frozenset(each.phone for each in self.the_public),
            "username": frozenset(account.username for account in self.outsiders),
            "token": frozenset(each.token for each in subscribers),
            "secret": frozenset((*self.case_references, *self.view_passwords)),
        }


def planted(seed: int, scale: int) -> Planted:
    """Lists everybody whom `manage.py seed --seed … --scale …` plants.

    Args:
        seed: the number that everything random is drawn from.
        scale: how many times the sandbox's usual number of people sent something in, at least 1. Accounts, officers
            and editors' remarks do not grow with it.

    Returns:
        The same people for the same arguments.

    Raises:
        ValueError: if scale is below 1.
    """
    if scale < 1:
        raise ValueError(f"scale must be at least 1, not {scale}")
    rng = random.Random(f"{seed}/people")  # noqa: S311 -- nothing here is a secret
    crowd = _crowd(rng)
    officers = tuple(_officer(next(crowd), number) for number in range(8))
    return Planted(
        staff=_staff(crowd),
        outsiders=_outsiders(crowd),
        officers=officers,
        pictured=_take(crowd, 6),
        submitters=_take(crowd, SUBMITTERS * scale),
        job_subscribers=_subscribers(rng, (officers[0], *_take(crowd, JOB_SUBSCRIBERS * scale - 1))),
        blog_subscribers=_subscribers(rng, _take(crowd, BLOG_SUBSCRIBERS * scale)),
        complainants=_take(crowd, COMPLAINANTS * scale),
        searchers=_take(crowd, SEARCHERS * scale),
        mentioned=_take(crowd, 24),
        case_references=tuple(f"CAS-{rng.randrange(10**6, 10**7)}" for _ in range(6)),
        view_passwords=tuple(f"{rng.choice(names.STREET_WORDS)}-{rng.randrange(1000, 10_000)}" for _ in range(3)),
        inboxes=tuple(
            f"{team}.inbox@{STAFF_DOMAINS[0]}" for team in ("contact", "highways", "consultation", "retired")
        ),
    )


def _crowd(rng: random.Random) -> Iterator[Person]:
    """Yields people without end, all names different until every name is used up."""
    start = rng.randrange(_NAMES)
    number = 0
    while True:
        yield _person(rng, (start + number * _STEP) % _NAMES, lap=number // _NAMES)
        number += 1


def _person(rng: random.Random, index: int, lap: int) -> Person:
    rest, first = divmod(index, len(names.FIRST_NAMES))
    beginning, ending = divmod(rest, len(names.LAST_ENDINGS))
    first_name = names.FIRST_NAMES[first]
    last_name = names.LAST_BEGINNINGS[beginning] + names.LAST_ENDINGS[ending]
    return Person(
        first_name=first_name,
        last_name=last_name,
        email=f"{first_name}.{last_name}{lap or ''}@{rng.choice(names.MAIL_DOMAINS)}".lower(),
        phone=_phone(rng),
        street=f"{rng.randrange(1, 190)} {rng.choice(names.STREET_WORDS)} {rng.choice(names.STREET_KINDS)}",
        postcode=f"ZZ99 {rng.randrange(10)}{rng.choice('ABDEFGHJ')}{rng.choice('LNPQRSTU')}",
        born=date(1938, 1, 1) + timedelta(days=rng.randrange(25_000)),
    )


def _phone(rng: random.Random) -> str:
    """Returns a number in one of the ways in which people write theirs; the first hundred are the officers'."""
    if rng.random() < 0.5:
        return f"07700 900{rng.randrange(1000):03}"
    number = rng.randrange(_OFFICER_NUMBERS, 1000)
    return rng.choice((f"01632 960{number:03}", f"01632960{number:03}", f"+44 1632 960{number:03}"))


def _take(crowd: Iterator[Person], count: int) -> tuple[Person, ...]:
    return tuple(next(crowd) for _ in range(count))


def _subscribers(rng: random.Random, people: tuple[Person, ...]) -> tuple[Subscriber, ...]:
    return tuple(Subscriber(person, f"{rng.getrandbits(160):040x}") for person in people)


def _officer(person: Person, number: int) -> Person:
    email = f"{person.first_name}.{person.last_name}@{STAFF_DOMAINS[0]}".lower()
    return replace(person, email=email, phone=f"01632 960{number:03}")


def _staff(crowd: Iterator[Person]) -> tuple[Account, ...]:
    accounts = []
    for number, person in enumerate(_take(crowd, 8)):
        local = f"{person.first_name}.{person.last_name}".lower()
        email = f"{local}@{STAFF_DOMAINS[number % 3 == 2]}"
        if number == 7:
            email = f"  {local}@{STAFF_DOMAINS[0]} ".upper()
        accounts.append(Account(replace(person, email=email), local, is_superuser=number < 2))
    return tuple(accounts)


def _outsiders(crowd: Iterator[Person]) -> tuple[Account, ...]:
    administrator, lookalike, subdomain, prefixed, mailed, nameless = _take(crowd, 6)
    trap = f"{lookalike.first_name}@{STAFF_DOMAINS[0]}.attacker.example".lower()
    special = (
        Account(administrator, _username(administrator), is_superuser=True),
        Account(replace(lookalike, email=trap), _username(lookalike)),
        Account(replace(subdomain, email=f"{_username(subdomain)}@mail.{STAFF_DOMAINS[0]}"), _username(subdomain)),
        Account(replace(prefixed, email=f"{_username(prefixed)}@not{STAFF_DOMAINS[0]}"), _username(prefixed)),
        Account(mailed, mailed.email),
        Account(replace(nameless, email=""), _username(nameless)),
    )
    plain = (Account(person, _username(person)) for person in _take(crowd, PLAIN_OUTSIDERS))
    return (*special, *plain)


def _username(person: Person) -> str:
    return f"{person.first_name}_{person.last_name}".lower()
