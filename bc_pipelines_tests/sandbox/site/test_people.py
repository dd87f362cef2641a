"""Who is planted, without a database."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.sandbox.site.seed.people import STAFF_DOMAINS, planted

SEEDS = st.integers(min_value=0, max_value=10**6)
RESERVED = re.compile(r"(\.(example|test|invalid)|@example\.(com|org|net))$")
PHONE = re.compile(r"(07700 900\d{3}|01632 ?960\d{3}|\+44 1632 960\d{3})$")


@given(seed=SEEDS, scale=st.integers(min_value=1, max_value=3))
@settings(max_examples=20, deadline=None)
def test_same_figures_same_people(seed: int, scale: int) -> None:
    """The people depend on seed and scale alone."""
    first, second = planted(seed, scale), planted(seed, scale)
    assert vars(first) == vars(second)


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_nobody_can_be_reached(seed: int) -> None:
    """Every address ends in a reserved domain and every number is one for drama."""
    people = planted(seed, 1)
    accounts = (each.person for each in (*people.staff, *people.outsiders))
    for person in (*people.the_public, *people.officers, *people.pictured, *accounts):
        assert not person.email or RESERVED.search(person.email.strip().lower())
        assert PHONE.match(person.phone)
        assert person.postcode.startswith("ZZ99 ")


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_private_people_share_nothing_with_published_ones(seed: int) -> None:
    """No name, address, number or username that must go is also one that stays."""
    people = planted(seed, 1)
    staying = (*(each.person for each in people.staff), *people.officers, *people.pictured)
    private = people.private_values()
    assert private["name"].isdisjoint(person.name for person in staying)
    assert private["email"].isdisjoint(person.email for person in staying)
    assert private["phone"].isdisjoint(person.phone for person in people.officers)
    assert private["username"].isdisjoint(account.username for account in people.staff)


def test_only_staff_are_on_a_staff_domain() -> None:
    """Trimmed and lower-cased, staff are on a staff domain; outsiders are not, however alike theirs looks."""
    people = planted(2026, 1)

    def domain(email: str) -> str:
        return email.strip().lower().rpartition("@")[2]

    assert {domain(account.person.email) for account in people.staff} == set(STAFF_DOMAINS)
    outside = [account.person.email for account in people.outsiders]
    assert not set(map(domain, outside)) & set(STAFF_DOMAINS)
    assert sum(STAFF_DOMAINS[0] in email for email in outside) == 3


def test_odd_accounts_are_among_them() -> None:
    """There is a superuser outside, a username that is an e-mail address, and an address in capitals and spaces."""
    people = planted(2026, 1)
    assert any(account.is_superuser for account in people.outsiders)
    assert any("@" in account.username for account in people.outsiders)
    assert any(email != email.strip().lower() for email in (account.person.email for account in people.staff))


def test_one_officer_is_public_and_private() -> None:
    """An officer whose address is published asked for job alerts too, and is not counted as private."""
    people = planted(2026, 1)
    assert people.job_subscribers[0].person == people.officers[0]
    assert people.officers[0].email not in people.private_values()["email"]


def test_scale_below_one_is_refused() -> None:
    """There is no site without people."""
    with pytest.raises(ValueError, match="at least 1"):
        planted(2026, 0)
