"""Hidden from search engines: rendered by a real Django on a real shell, and predicted from config vars."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines.checks.hidden import MARK, judge_config, judge_rendered, render_command, why_hidden

# A whole Django site in one manage.py: each host shows search engines something else.
MANAGE = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path

NOINDEX = "<head><title>Bucks\\n Council</title><meta name=Robots content='NoIndex, nofollow'></head>"

def home(request):
    host = request.get_host()
    print("a print of the site's own")
    if host == "broken.example":
        raise RuntimeError("planted")
    if host == "header.example":
        return HttpResponse("<title>H</title>", headers={"X-Robots-Tag": "none"})
    if host == "shown.example":
        return HttpResponse("<title>Shown</title><meta name='robots' content='index'>")
    if host == "closed.example":
        return HttpResponse(status=401)
    assert request.is_secure() and request.headers["X-Forwarded-For"]
    return HttpResponse(NOINDEX)

def robots(request):
    rule = "/" if request.get_host() == "unread.example" else ""
    return HttpResponse(f"User-agent: *\\nDisallow: {rule}\\n")

settings.configure(
    ROOT_URLCONF=__name__, SECRET_KEY="test", SECURE_SSL_REDIRECT=True, USE_TZ=True, LOGGING_CONFIG=None,
    ALLOWED_HOSTS=[f"{n}.example" for n in ("broken", "header", "shown", "closed", "meta", "unread")],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware"],
)
urlpatterns = [path("", home), path("robots.txt", robots)]
execute_from_command_line(sys.argv)
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a shell prints for the command, in a folder with a Django site."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "manage.py").write_text(MANAGE, encoding="utf-8")
    hosts = [
        f"{name}.example" for name in ("meta", "header", "closed", "shown", "unread", "broken", "foreign", "a'b c")
    ]
    result = subprocess.run(
        ["/bin/sh", "-c", render_command(hosts)],
        cwd=folder,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_command_is_one_line_that_a_shell_takes_whole() -> None:
    """It has no line break, and a host with quotes and blanks stays one word for the shell."""
    command = render_command(["a'b c; touch x"])
    words = subprocess.run(  # noqa: S602 - what a shell makes of it is the question
        f"printf '%s\\n' {command}", shell=True, capture_output=True, text=True, timeout=10, check=True
    ).stdout.splitlines()
    assert "\n" not in command
    assert (len(words), words[:4]) == (5, ["python", "manage.py", "shell", "-c"])


@pytest.mark.parametrize("host", ["meta.example", "header.example", "closed.example"])
def test_hidden_hosts_pass(output: str, host: str) -> None:
    """A meta element, a header and a password each hide a host."""
    verdict = judge_rendered(output, [host])
    assert verdict.passed, verdict.summary


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("shown.example", "nothing hides it"),
        ("broken.example", "status 500"),
        ("foreign.example", "status 400"),
        ("never-asked.example", "said nothing"),
    ],
)
def test_hosts_that_show_or_do_not_answer_fail(output: str, host: str, words: str) -> None:
    """A page without noindex, an error page, a host that the site does not know and a missing answer each fail."""
    verdict = judge_rendered(output, ["meta.example", host])
    assert not verdict.passed
    assert host in verdict.summary
    assert words in str(verdict.rows[1]["why"])
    assert "planted" not in repr(verdict)


def test_disallow_together_with_noindex_fails(output: str) -> None:
    """robots.txt that forbids reading keeps robots from ever seeing the noindex."""
    verdict = judge_rendered(output, ["meta.example", "unread.example"])
    assert not verdict.passed
    assert "robots.txt of unread.example" in verdict.summary


def test_titles_are_reported(output: str) -> None:
    """The table tells which page was looked at."""
    assert judge_rendered(output, ["meta.example"]).rows[0]["title"] == "Bucks Council"


@pytest.mark.parametrize(
    "output",
    ["", "meta.example is fine", f"{MARK}{{", f"{MARK}[1]", f'{MARK}{{"host": "meta.example", "error": "OSError"}}'],
)
def test_output_that_says_nothing_fails(output: str) -> None:
    """An empty, foreign or broken output is not evidence."""
    assert not judge_rendered(output, ["meta.example"]).passed


def test_a_terminals_line_ends_do_no_harm() -> None:
    """Lines that a terminal ended with carriage returns, with other text before the mark, are still read."""
    answer = {"host": "a.example", "status": 401, "robots": [], "x_robots_tag": "", "title": ""}
    line = json.dumps(answer | {"robots_txt_disallows": True})
    assert judge_rendered(f"noise {MARK}{line}\r\nmore\r\n", ["a.example"]).passed


def test_no_hosts_fail() -> None:
    """Nothing looked at is nothing found."""
    assert not judge_rendered("", []).passed


@pytest.mark.parametrize(
    ("status", "meta", "header", "hidden"),
    [
        (200, [], "", False),
        (200, ["index, follow"], "all", False),
        (200, ["follow,NOINDEX"], "", True),
        (200, ["index", "noindex"], "", True),
        (200, [], "noindex, nofollow", True),
        (200, [], "otherbot: noindex", False),
        (401, [], "", True),
        (403, [], "", False),
    ],
)
def test_what_hides_a_page(status: int, meta: list[str], header: str, hidden: bool) -> None:
    """The words noindex or none in the page or for all robots in the header, or a password: nothing else."""
    assert bool(why_hidden(status, meta, header)) is hidden


HOSTS = ["www.staging.example", "fis.staging.example"]


@pytest.mark.parametrize(
    ("nonindexed", "seo", "auth", "passed"),
    [
        ("www.staging.example,fis.staging.example", None, None, True),
        ("www.staging.example", None, None, False),
        ("www.staging.example, fis.staging.example", None, None, False),
        (None, "true", None, True),
        (None, None, "True", True),
        (None, "false", "", False),
        (None, None, None, False),
    ],
)
def test_prediction(nonindexed: str | None, seo: str | None, auth: str | None, passed: bool) -> None:
    """Every host named without blanks, or one switch for all; a host left out or behind a blank would be shown."""
    verdict = judge_config(HOSTS, nonindexed_hosts=nonindexed, seo_noindex=seo, basic_auth=auth)
    assert verdict.passed is passed
    assert [row["host"] for row in verdict.rows] == HOSTS
