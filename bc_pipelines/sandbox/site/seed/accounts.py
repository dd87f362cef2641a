"""Users, groups and profiles."""

import random
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from wagtail.users.models import UserProfile

from bc_pipelines.sandbox.site.seed.clock import TODAY
from bc_pipelines.sandbox.site.seed.people import SANDBOX_PASSWORD, Account, Planted
from bc_pipelines.sandbox.site.users.models import User

# Real PBKDF2, but quick: logging in as somebody makes Django hash the password again with its own count.
HASH_ITERATIONS = 1_000


@dataclass(frozen=True)
class Accounts:
    """The users of the site, in the order in which they are planted."""

    staff: tuple[User, ...]
    outsiders: tuple[User, ...]

    @property
    def editors(self) -> tuple[User, ...]:
        """Those who write pages: all staff."""
        return self.staff


def create(rng: random.Random, planted: Planted) -> Accounts:
    """Creates all accounts with the sandbox's password, their groups, and a profile for each."""
    accounts = (*planted.staff, *planted.outsiders)
    users = User.objects.bulk_create(_user(rng, account) for account in accounts)
    editors, moderators = Group.objects.get(name="Editors"), Group.objects.get(name="Moderators")
    translators = Group.objects.create(name="Easy-read translators")
    for number, user in enumerate(users):
        user.groups.set([moderators] if number < 3 else [translators] if number % 5 == 4 else [editors])
    UserProfile.objects.bulk_create(_profile(user, number) for number, user in enumerate(users))
    count = len(planted.staff)
    return Accounts(staff=tuple(users[:count]), outsiders=tuple(users[count:]))


def _user(rng: random.Random, account: Account) -> User:
    joined = TODAY - timedelta(days=rng.randrange(200, 2_000), minutes=rng.randrange(1440))
    return User(
        username=account.username,
        first_name=account.person.first_name,
        last_name=account.person.last_name,
        email=account.person.email,
        password=PBKDF2PasswordHasher().encode(SANDBOX_PASSWORD, f"{rng.getrandbits(88):022x}", HASH_ITERATIONS),
        is_superuser=account.is_superuser,
        is_staff=account.is_superuser,
        date_joined=joined,
        last_login=joined + timedelta(days=rng.randrange(1, 190)),
    )


def _profile(user: User, number: int) -> UserProfile:
    return UserProfile(
        user=user,
        avatar=f"avatar_images/{user.first_name}_{user.last_name}.png".lower() if number % 2 == 0 else "",
        preferred_language="en",
        current_time_zone="Europe/London",
        dismissibles={"editor-guide": True} if number % 3 == 0 else {},
    )
