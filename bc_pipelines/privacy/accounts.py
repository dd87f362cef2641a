"""Who is staff, row by row, and how many accounts of each e-mail domain fell on which side."""

import re
from collections import Counter

from bc_pipelines.privacy.manifest import Accounts, DomainCount
from bc_pipelines.privacy.policy import Policy, email_domain

NO_DOMAIN = "(no valid domain)"

_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class AccountCounter:
    """Decides about accounts and counts them.

    Args:
        policy: says which domains are staff's.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._kept: Counter[str] = Counter()
        self._replaced: Counter[str] = Counter()

    def spares(self, email: str | None, *, staff_spared: bool) -> bool:
        """Whether a row is spared; counts it.

        Args:
            email: the account's address.
            staff_spared: whether this copy spares anybody.
        """
        domain = email_domain(email) or ""
        spared = staff_spared and self._policy.is_staff(email)
        side = self._kept if spared else self._replaced
        side[domain if _DOMAIN.fullmatch(domain) else NO_DOMAIN] += 1
        return spared

    def accounts(self) -> Accounts:
        """What was counted, by domain, the largest domain first."""
        total = self._kept + self._replaced
        domains = sorted(total, key=lambda domain: (-total[domain], domain))
        return Accounts(
            kept=self._kept.total(),
            replaced=self._replaced.total(),
            by_domain=tuple(DomainCount(domain, self._kept[domain], self._replaced[domain]) for domain in domains),
        )
