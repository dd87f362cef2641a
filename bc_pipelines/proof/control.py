"""The positive control: would the search have found what it did not find?

Identifiers are hidden in every way that the search is said to see through, by this module's own encoders, and the same
searcher must find each of them: invented ones, and a sample of the raw archive's, which must also be found in the very
columns where they stood. One miss makes the proof void.
"""

import base64
import gzip
import json
import urllib.parse
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from bc_pipelines.proof import text
from bc_pipelines.proof.extract import Identifier
from bc_pipelines.proof.hidden import Decoder
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.register import WHERE_COMMON, Register
from bc_pipelines.proof.search import Searcher

# How many identifiers of a kind are tried, and how many of them from one place.
_OF_KIND, _OF_PLACE = 20, 3
# A searcher for one field has little to remember.
_SECTIONS = 1 << 8

INVENTED = (
    Identifier(Kind.EMAIL, Shape.ADDRESS, b"positive.control+x@proof.example"),
    Identifier(Kind.PHONE, Shape.PHONE, b"1632960999"),
    Identifier(Kind.PHONE, Shape.PHONE, b"+12025550199"),
    Identifier(Kind.USERNAME, Shape.TOKEN, b"control.person_99"),
    Identifier(Kind.FULL_NAME, Shape.PHRASE, "zoë van der control".encode()),
    Identifier(Kind.TOKEN, Shape.TOKEN, b"c0ntr0l-t0ken-0123456789abcdef"),
    Identifier(Kind.FREE_TEXT, Shape.TEXT, b"the lamp outside our house hums all night long"),
)


def _json(value: str) -> str:
    return json.dumps({"id": 7, "value": [value]}, ensure_ascii=False)


def _json_in_json(value: str) -> str:
    return json.dumps({"body": json.dumps([{"type": "text", "value": f"one\ntwo\n{json.dumps([value])}"}])})


def _base64(value: str) -> str:
    return base64.b64encode(_json(value).encode()).decode()


def _wrapped_base64(value: str) -> str:
    return base64.encodebytes((_json(value) * 3).encode()).decode()


def _session(value: str) -> str:
    packed = zlib.compress(json.dumps({"_auth_user_id": "1", "note": value}, separators=(",", ":")).encode())
    return f".{base64.urlsafe_b64encode(packed).rstrip(b'=').decode()}:1u0aBc:c2lnbmF0dXJl"


def _gzip(value: str) -> str:
    return base64.b64encode(gzip.compress(value.encode())).decode()


def _hexadecimal(value: str) -> str:
    return rf"\x{_json(value).encode().hex()}"


def _percent(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())


def _quoted_printable(value: str) -> str:
    return "".join(f"={byte:02X}" for byte in value.encode())


def _inline_tags(value: str) -> str:
    """Tags that no reader sees, so close to each other that one stands in any value."""
    return "<wbr>".join(value[start : start + 4] for start in range(0, len(value), 4))


def _url(value: str) -> str:
    return f"https://www.proof.example/contact/?a=1&value={urllib.parse.quote_plus(value)}&z=9"


def _array(value: str) -> str:
    return f'{{"{value}","two words"}}'


def _tsvector(value: str) -> str:
    return " ".join(sorted(f"'{word}':{place}B" for place, word in enumerate(value.split(" "), 3)))


def _wide(value: str) -> str:
    """Full-width forms, which NFKC folds to ASCII, but for spaces."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in value)


ENCODINGS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "plain": str,
        "upper case and spaces": lambda value: f"  {value.upper()}\t\n",
        "full-width letters": _wide,
        "text with escapes": lambda value: f"back\\slash\nnew line\t{value}\r\n",
        "HTML": lambda value: f"<p>{value.replace('@', '&#64;')}</p>",
        "HTML in HTML": lambda value: f"&lt;p&gt;{value.replace('@', '&amp;#64;')}&lt;/p&gt;",
        "inline tags": _inline_tags,
        "JSON": _json,
        "JSON in JSON": _json_in_json,
        "base64": _base64,
        "base64 in lines": _wrapped_base64,
        "session": _session,
        "gzip in base64": _gzip,
        "base64 twice": lambda value: _base64(_session(value)),
        "bytea": _hexadecimal,
        "percent-encoding": _percent,
        "URL": _url,
        "quoted-printable": _quoted_printable,
        "file name": lambda value: f"/documents/{value}.pdf",
        "array": _array,
        "tsvector": _tsvector,
    }
)


# A text is looked for as a whole, not among other words.
_NOT_FOR_TEXTS = frozenset(("text with escapes", "file name"))


class Control:
    """Counts what the searcher finds of what it must find.

    Args:
        decoders: the searcher's.

    Attributes:
        expected: how often something had to be found.
        found: how often it was.
        missed: what was missed, as kind and encoding, never as a value.
    """

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        self._decoders = decoders
        self._seen: Counter[Kind] = Counter()
        self._seen_in: Counter[tuple[Kind, str]] = Counter()
        self._samples: list[tuple[Kind, int]] = []
        self.expected = 0
        self.found = 0
        self.missed: Counter[str] = Counter()
        for identifier in INVENTED:
            self._hide(identifier)

    def sample(self, identifier: Identifier, digest: int, raw: bytes | None, place: str) -> None:
        """Offer an identifier that must be remembered; a few of each kind are tried.

        Args:
            identifier: what must be remembered.
            digest: under which digest.
            raw: the raw field or rows, still escaped, in which it stood; None if it was put together from several.
            place: their table and column.
        """
        kind = identifier.kind
        self._samples.append((kind, digest))
        if self._seen[kind] < _OF_KIND and self._seen_in[kind, place] < _OF_PLACE:
            self._seen[kind] += 1
            self._seen_in[kind, place] += 1
            if raw is not None:
                self._expect(identifier, {f"{kind.value} in {place}, where it stood": raw})
            self._hide(identifier)

    def recall(self, register: Register) -> None:
        """Insist that the sealed register still knows the samples, but for what it leaves out on purpose."""
        for kind, digest in self._samples:
            if kind not in WHERE_COMMON and not register.is_kept(digest):
                self._count(kind in register.kinds(digest), f"{kind.value} in the register")

    def _hide(self, identifier: Identifier) -> None:
        is_phone = identifier.shape is Shape.PHONE
        value = (text.as_dialled(identifier.text) if is_phone else identifier.text).decode()
        self._expect(
            identifier,
            {
                f"{identifier.kind.value} in {name}": _copy_field(encode(value).encode())
                for name, encode in ENCODINGS.items()
                if not (identifier.shape is Shape.TEXT and name in _NOT_FOR_TEXTS)
            },
        )

    def _expect(self, identifier: Identifier, fields: Mapping[str, bytes]) -> None:
        register = Register()
        digest = register.add(identifier.kind, identifier.shape, identifier.text)
        register.seal()
        for name, field in fields.items():
            searcher = Searcher(register, self._decoders, sections=_SECTIONS)
            self._count(digest in searcher.in_rows(b"before\t" + field + b"\tafter\nnext\t"), name)

    def _count(self, found: bool, name: str) -> None:
        self.expected += 1
        self.found += found
        if not found:
            self.missed[name] += 1


def _copy_field(value: bytes) -> bytes:
    """A value as COPY writes it (PostgreSQL's manual, "COPY", section "Text Format")."""
    for plain, escaped in ((b"\\", rb"\\"), (b"\t", rb"\t"), (b"\n", rb"\n"), (b"\r", rb"\r")):
        value = value.replace(plain, escaped)
    return value
