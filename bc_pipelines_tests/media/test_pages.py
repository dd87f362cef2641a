"""Any page that is XML says to a client of this package what it says to botocore's own."""

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.test_listing import plain, response

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUICK, SLOW = servers.nowhere(), plain("http://127.0.0.1")
FIELDS = ("Key", "LastModified", "ETag", "Size")

# No control characters, no halves of pairs and nothing that is no character: XML has none of these.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Cs"), include_characters="\t\n"),
    min_size=1,
    max_size=4,
)
KEYS = st.lists(
    st.one_of(
        TEXTS.map(escape),
        TEXTS.map(lambda text: "".join(f"&#{ord(letter)};" for letter in text)),
        TEXTS.map(lambda text: f"<![CDATA[{text}]]>"),
        st.sampled_from(("+", "%2F", "%25", "%FF", "&quot;", "&apos;", "&#13;", "\r\n", "Contents", "<!-- </Key> -->")),
    ),
    max_size=3,
).map("".join)
TIMES = st.sampled_from(
    (
        *("2026-11-02T10:00:00.000Z", "2026-11-02T10:00:00Z", "2026-11-02T11:00:00+01:00", "2026-11-02T10:00:00"),
        *("20261102", "1793613600", "Mon, 02 Nov 2026 10:00:00 GMT"),
        "\uff12026-11-02T10:00:00.000Z",
    )
)
ETAGS = st.sampled_from(("&quot;0f&quot;", "&#34;0f-3&#34;", '"0f"', "0f", "", "&amp;quot;0f"))
SIZES = st.sampled_from(("7", "0", "007", "-3", "\u0667", " 7 ", "99999999999999999999"))
OTHERS = st.sampled_from(
    (
        "<Owner><ID>1</ID><DisplayName>somebody</DisplayName></Owner>",
        "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumAlgorithm>SHA256</ChecksumAlgorithm>",
        "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus>",
        "<StorageClass>GLACIER</StorageClass>",
        "<StorageClass/>",
        "<Sizes>3</Sizes>",
        "<!-- </Contents> -->",
        "<Tagging><![CDATA[</Contents>]]></Tagging>",
    )
)


@st.composite
def objects(draw: st.DrawFn) -> str:
    """An object, most often as Amazon writes it."""
    fields = [f"<{name}>{draw(what)}</{name}>" for name, what in zip(FIELDS, (KEYS, TIMES, ETAGS, SIZES), strict=True)]
    if draw(st.integers(0, 9)) == 0:
        fields = draw(st.permutations(fields))
    for other in draw(st.lists(OTHERS, max_size=2)):
        fields.insert(draw(st.integers(0, len(fields))), other)
    return draw(st.sampled_from(("", "\n  "))).join(("<Contents>", *fields, "</Contents>"))


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """A page, which says most often how many objects it has."""
    parts = draw(st.lists(objects(), max_size=3))
    count = draw(st.sampled_from((len(parts), len(parts), len(parts) + 1)))
    if draw(st.booleans()):
        parts.append(
            draw(
                st.sampled_from(
                    (
                        "<x:Contents><Key>other</Key></x:Contents>",
                        "<!-- <Contents><Key>none</Key><LastModified>2026-11-02T10:00:00.000Z</LastModified>"
                        "<ETag>0f</ETag><Size>7</Size></Contents> -->",
                        "<CommonPrefixes><Prefix>Contents%2F</Prefix></CommonPrefixes>",
                    )
                )
            )
        )
    parts += draw(st.sampled_from(((), ("<EncodingType>url</EncodingType>",), ("<EncodingType >url</EncodingType>",))))
    parts += ["<IsTruncated>true</IsTruncated>", "<NextContinuationToken>a+%2F&amp;</NextContinuationToken>"]
    parts.append(f"<KeyCount>{count}</KeyCount>")
    written = "".join(draw(st.permutations(parts)))
    return f'<?xml version="1.0"?><ListBucketResult xmlns:x="urn:x">{written}</ListBucketResult>'.encode()


def read(s3: "S3Client", body: bytes) -> list[object]:
    """What a client reads."""

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        return response(request.url, 200, body)

    s3.meta.events.register("before-send.s3", answer, unique_id="answer")
    try:
        page = s3.list_objects_v2(Bucket="some")
    finally:
        s3.meta.events.unregister("before-send.s3", answer, unique_id="answer")
    contents = [tuple(map(found.get, FIELDS)) for found in page.get("Contents", ())]
    return [contents, page["IsTruncated"], page["NextContinuationToken"], page["KeyCount"]]


@given(pages())
def test_a_page_says_the_same(body: bytes) -> None:
    """No key is lost, added or changed, whatever signs it holds, and however a server writes it."""
    assert read(QUICK, body) == read(SLOW, body)
