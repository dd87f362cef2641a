"""What the settings decide about one copy; the catalogue decides everything else."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from bc_pipelines.privacy.entries import PROFILES, Profile
from bc_pipelines.privacy.errors import PrivacyError

StaffPasswords = Literal["keep", "replace"]
UnknownTables = Literal["refuse", "purge"]
UnknownColumns = Literal["refuse", "empty"]


@dataclass(frozen=True)
class Policy:
    """What the settings decide about one copy.

    Attributes:
        profile: which of the catalogue's two copies is made.
        staff_domains: e-mail domains whose accounts are staff, in lower case.
        staff_passwords: whether staff keep their password hash where the catalogue spares staff.
        mail_sink: the address that replaces every address that the site would mail.
        view_restriction_password: the password that replaces those of pages and collections.
        unknown_tables: what to do with tables that the catalogue does not know: ``purge`` leaves out their rows.
        unknown_columns: what to do with columns that it does not know: ``empty`` makes their values NULL and, where a
            column refuses NULL, leaves out the rows of its table.
    """

    profile: Profile
    staff_domains: frozenset[str]
    staff_passwords: StaffPasswords
    mail_sink: str
    view_restriction_password: str = field(repr=False)
    unknown_tables: UnknownTables = "refuse"
    unknown_columns: UnknownColumns = "refuse"

    def __post_init__(self) -> None:
        """Refuse what would make a rule do nothing or do too much."""
        if self.profile not in PROFILES:
            raise PrivacyError(f"profile {self.profile!r} is not one of {', '.join(PROFILES)}")
        if self.staff_passwords not in get_args(StaffPasswords):
            raise PrivacyError(f"staff_passwords is {self.staff_passwords!r}, not keep or replace")
        if self.unknown_tables not in get_args(UnknownTables):
            raise PrivacyError(f"unknown_tables is {self.unknown_tables!r}, not refuse or purge")
        if self.unknown_columns not in get_args(UnknownColumns):
            raise PrivacyError(f"unknown_columns is {self.unknown_columns!r}, not refuse or empty")
        for domain in self.staff_domains:
            if domain != domain.strip().lower() or "@" in domain or not domain.isascii() or not domain:
                raise PrivacyError(f"staff domain {domain!r} is not a plain domain in lower case")
        if "@" not in self.mail_sink:
            raise PrivacyError("mail_sink is not an e-mail address")
        if not self.view_restriction_password:
            raise PrivacyError("view_restriction_password is empty: protected pages could not be opened, or by anyone")

    def is_staff(self, email: str | None) -> bool:
        """Whether an address, trimmed and in lower case, is at exactly one of the staff domains.

        Args:
            email: the address as stored; None is nobody's.
        """
        domain = email_domain(email)
        return domain is not None and domain in self.staff_domains


def email_domain(email: str | None) -> str | None:
    """The domain of an address, trimmed and in lower case; None if it has no one domain in plain ASCII.

    ASCII, because some other letters become ASCII ones in lower case and would pass for a staff domain.
    """
    local, at, domain = (email or "").strip().rpartition("@")
    if not at or not local or "@" in local or not domain.isascii():
        return None
    return domain.lower() or None
