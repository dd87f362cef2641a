"""Reading a page: its title, its rules for robots, and every address with the place where it stands."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bc_pipelines.checks.page import Content, Link, read_page

HERE = "https://www.staging.example/a/b"


@pytest.mark.parametrize(
    ("html", "place"),
    [
        ('<link rel="canonical" href="{}">', "canonical address"),
        ('<link rel="alternate" hreflang="en" href="{}">', "canonical address"),
        ('<base href="{}">', "canonical address"),
        ('<meta property="og:url" content="{}">', "social media tags"),
        ('<meta name="twitter:image" content="{}">', "social media tags"),
        ('<meta http-equiv="Refresh" content="5; url={}">', "redirect"),
        ('<link rel="shortcut icon" href="{}">', "scripts and styles"),
        ('<script src="{}"></script>', "scripts and styles"),
        ('<nav><a href="{}">x</a></nav>', "navigation"),
        ('<header><a href="{}">x</a></header>', "navigation"),
        ('<footer><a href="{}">x</a></footer>', "navigation"),
        ('<div><a href="{}">x</a></div>', "navigation"),
        ('<main><nav><a href="{}">x</a></nav></main>', "navigation"),
        ('<main><article><p></article></main><a href="{}">x</a>', "navigation"),
        ('<main><a href="{}">x</a></main>', "editors' content"),
        ('<article><a href="{}">x</a></article>', "editors' content"),
        ('<main><nav></nav><a href="{}">x</a></main>', "editors' content"),
        ('<main><iframe src="{}"></iframe></main>', "editors' content"),
        ('<iframe src="{}"></iframe>', "media"),
        ('<main><img src="{}"></main>', "media"),
        ('<img srcset="{} 2x">', "media"),
        ('<video poster="{}"></video>', "media"),
        ('<object data="{}"></object>', "media"),
        ('<main><form action="{}"></form></main>', "form"),
        ('<button formaction="{}"></button>', "form"),
        ('<script type="application/ld+json">{{"a": [{{"@id": "{}"}}, 1]}}</script>', "structured data"),
    ],
)
def test_places(html: str, place: str) -> None:
    """Each kind of address is found and put down to the site or to its editors."""
    content = read_page(html.format("https://www.example/x"), HERE)
    assert [(link.place, link.url) for link in content.links] == [(place, "https://www.example/x")]


def test_every_picture_of_a_srcset_is_read() -> None:
    """Several candidates, one with a comma in its address, are told apart."""
    content = read_page('<source srcset="/a,b.jpg 1x, //cdn.example/c.jpg 2x">', HERE)
    assert [link.url for link in content.links] == [
        "https://www.staging.example/a,b.jpg",
        "https://cdn.example/c.jpg",
    ]


@pytest.mark.parametrize("address", ["", "#top", "mailto:a@b.example", "tel:01632960123", "data:,x", "http://["])
def test_what_is_no_web_address_is_left_out(address: str) -> None:
    """Fragments, mail, telephones, data and nonsense lead to no host."""
    assert read_page(f'<a href="{address}">x</a>', HERE).links == ()


def test_head() -> None:
    """Title and robots rules are read; the title of a drawing is not the page's."""
    html = (
        "<title>\n A &amp;\tB </title><meta name=ROBOTS content=noindex><meta name=robots><svg><title>C</title></svg>"
        "<script type='application/ld+json'>not json</script>"
    )
    assert read_page(html, HERE) == Content("A & B", ("noindex", ""), ())


@example("<![<")
@given(st.text(alphabet="<>/=\"' amainvhrefsctd![]-", max_size=80))
def test_broken_pages_do_no_harm(html: str) -> None:
    """Whatever a server sends is read without an error."""
    for link in read_page(html, HERE).links:
        assert isinstance(link, Link)
