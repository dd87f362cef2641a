"""What names and values of columns look like, as far as that hints at the kind of rule that they need.

Belongs here: patterns, by the kinds of the catalogue's rules. Does not belong here: any decision, because a pattern can
be wrong in both directions.
"""

import re
from collections import Counter
from collections.abc import Mapping

LONGEST = 4096
"""How many bytes of a value are looked at."""

# Words in a column's name, the more telling ones first.
_NAMES: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(rf"(?:^|_)(?:{words})(?:_|$|\d)")
    for kind, words in {
        "email": "e?mails?|e_mail|email_?address|to_address|from_address|recipients?|reply_to",
        "password": "passwords?|passwd|passphrase|pin|password_hash",
        "token": "tokens?|secrets?|api_?keys?|otp|nonce|signature|session_?key|uuid_token|access_?key|private_?key",
        "phone": "phones?|telephones?|tel|mobiles?|fax|contact_number|phone_?numbers?",
        "postcode": "post_?codes?|postal_?codes?|zip",
        "ip_address": "ip|ip_?addr(?:ess)?|remote_addr(?:ess)?|client_ip",
        "username": "user_?names?|logins?|screen_?names?|handles?",
        "person_name": "(?:first|last|middle|given|family|full|maiden|contact|person|customer|author)_?names?"
        "|fore_?names?|sur_?names?|submitted_by|requested_by|reported_by",
        "url_without_query": "urls?|uris?|referr?ers?|links?|referer_url",
        "free_text": "comments?|messages?|notes?|remarks?|descriptions?|feedback|answers?|reason|address|street"
        "|address_line|dob|birth|date_of_birth|gender|nino|nhs|body|text|details?|question|query",
    }.items()
}

_CAPITAL = r"[A-Z\u00c0-\u00de]"
_LETTER = r"(?:[^\W\d_]|['\u2019-])"
_VALUES: Mapping[str, re.Pattern[str]] = {
    "email": re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+"),
    "password": re.compile(r"(?:pbkdf2_\w+|argon2\w*|bcrypt\w*|scrypt|md5|sha1)\$.+|\$(?:2[aby]|argon2\w*|5|6)\$.+"),
    "ip_address": re.compile(
        r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d+)?|(?=.*::)[0-9a-fA-F:]{3,39}|(?:[0-9a-fA-F]{1,4}:){7}\w{1,4}"
    ),
    "phone": re.compile(r"(?=(?:\D*\d){9,15}\D*$)(?:\+|0)[\d ().-]+"),
    "postcode": re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.IGNORECASE),
    "url_without_query": re.compile(r"(?:https?://|/)\S*\?\S+"),
    "token": re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_=+-]{20,}"),
    "person_name": re.compile(rf"{_CAPITAL}{_LETTER}+(?: {_CAPITAL}(?:\.|{_LETTER}+)){{0,3}}"),
    "free_text": re.compile(r"(?=(?:\S+\s+){3,}\S).{20,}", re.DOTALL),
}
# Of these, one inside a longer text is a hint as well.
_INSIDE: Mapping[str, re.Pattern[str]] = {
    "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "phone": re.compile(r"(?<![\w.])(?:\+44|0)(?:[ -]?\d){9,10}(?!\w)"),
}


def by_name(column: str) -> str | None:
    """The kind of rule that a column's name hints at.

    Args:
        column: the name, in whatever case; words are told apart by underscores and by capitals.
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower()
    return next((kind for kind, pattern in _NAMES.items() if pattern.search(words)), None)


class Look:
    """What the values of one column look like. Values are looked at and forgotten.

    Attributes:
        values: how many were looked at; NULLs and empty ones are not counted.
        kinds: how many look like values of each kind as a whole; each value counts once.
        inside: how many hold something of each kind within a longer text.
    """

    def __init__(self) -> None:
        self.values = 0
        self.kinds: Counter[str] = Counter()
        self.inside: Counter[str] = Counter()

    def at(self, value: bytes | None) -> None:
        """Look at one value."""
        text = (value or b"")[:LONGEST].decode(errors="replace").strip()
        if not text:
            return
        self.values += 1
        kind = next((kind for kind, pattern in _VALUES.items() if pattern.fullmatch(text)), None)
        if kind:
            self.kinds[kind] += 1
        self.inside.update(each for each, pattern in _INSIDE.items() if each != kind and pattern.search(text))
