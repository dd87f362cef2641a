"""`bucks doctor` where nothing is configured, and where nothing works: a line and a mend for each, and no secret."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bc_pipelines import settings
from bc_pipelines.contacts import Mail, SlackChannel
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.archive_commands import BUCKS
from bc_pipelines_tests.branches.remote import PASSWORD, new_remote, serving
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer
from bc_pipelines_tests.notices.servers import running_mail, running_slack
from bc_pipelines_tests.postgres import Cluster

SECRET = "planted-where-nobody-may-see-it"
NOWHERE = "https://127.0.0.1:9"
DEAD = {
    "HEROKU_HOST": NOWHERE,
    "HEROKU_DATA_HOST": "127.0.0.1",
    "HEROKU_API_KEY": f"HRKU-{SECRET}",
    "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ENDPOINT_URL_S3": NOWHERE,
    "BC_PRODUCTION_MEDIA_ACCESS_KEY_ID": "AKIA0000000000000000",
    "BC_PRODUCTION_MEDIA_SECRET_ACCESS_KEY": SECRET,
    "BC_VIEW_RESTRICTION_PASSWORD": SECRET,
    "DAGSTER_DATABASE_URL": f"postgres://dagster:{SECRET}@127.0.0.1:1/dagster",
    "BC_LOCAL_DATABASE_URL": f"postgres://me:{SECRET}@127.0.0.1:1/mine",
}
"""Everything is set, and nothing answers."""


def doctor(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Type `bucks doctor` on a machine where only this is configured."""
    usual = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [BUCKS, "doctor", *options],
        env=usual | variables,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def findings(folder: Path, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and each line by what it is about."""
    done = doctor(folder, "--json", **variables)
    document = json.loads(done.stdout)
    assert (document["outcome"] == "well") == (done.returncode == 0)
    return done.returncode, {finding["about"]: finding for finding in document["findings"]}


def test_nothing_is_configured(tmp_path: Path) -> None:
    """On a new laptop nothing is wrong: what is not set is named, with what it would be good for."""
    code, found = findings(tmp_path)
    assert code == 0
    assert found["Heroku"]["state"] == "not set"
    assert found["Local database"]["state"] == "not set"
    assert "BC_LOCAL_DATABASE_URL=" in found["Local database"]["mend"]
    assert found["Dagster"]["state"] == "not set"
    assert found["Archive store: buckinghamshire-pipelines-archives"]["state"] == "not set"
    assert found["Settings"]["state"] == "works"


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["for people", "for machines"])
def test_nothing_works_and_nothing_is_told(options: tuple[str, ...], tmp_path: Path) -> None:
    """Every credential is set and no server answers: it ends with 1, says so of each, and shows no secret."""
    done = doctor(tmp_path, *options, **DEAD, DAGSTER_HOME=str(tmp_path))
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert SECRET not in said
    assert "Traceback" not in said
    for variable in ("HEROKU_API_KEY", "DAGSTER_DATABASE_URL"):
        assert variable in said


def test_each_failure_has_its_mend(tmp_path: Path) -> None:
    """Whatever is wrong has a next step."""
    code, found = findings(tmp_path, **DEAD, DAGSTER_HOME=str(tmp_path / "nowhere"))
    assert code == 1
    wrong = {about: finding for about, finding in found.items() if finding["state"] == "wrong"}
    assert {about.partition(":")[0] for about in wrong} >= {"Heroku", "Archive store", "Local database", "Dagster"}
    assert all(finding["mend"] for finding in wrong.values()), wrong
    assert found["Private pages"]["state"] == "set"


def test_bad_settings_are_one_line(tmp_path: Path) -> None:
    """Where environments.toml is wrong, nothing else can be said."""
    path = tmp_path / "environments.toml"
    path.write_text("[nonsense]\n", encoding="utf-8")
    code, found = findings(tmp_path, BC_ENVIRONMENTS=str(path))
    assert code == 1
    assert list(found) == ["Settings"]


def test_a_local_database_is_opened(cluster: Cluster, tmp_path: Path) -> None:
    """The server's version is told; without Heroku's token it is not compared with the site's."""
    code, found = findings(
        tmp_path,
        BC_LOCAL_DATABASE_URL=cluster.url("not-there"),
        PATH=f"{cluster.bin_dir}{os.pathsep}{os.environ['PATH']}",
    )
    assert code == 0
    assert found["Local database"]["state"] == "works"
    assert "not there yet" in found["Local database"]["words"]
    assert found["PostgreSQL client"]["state"] == "works"


def test_what_is_not_this_machines_is_wrong(tmp_path: Path) -> None:
    """A database elsewhere is refused here as a pull would refuse it."""
    code, found = findings(tmp_path, DATABASE_URL="postgres://production.council.example/site")
    assert code == 1
    assert found["Local database"]["words"].startswith("DATABASE_URL: ")


def test_a_profile_that_does_not_exist(tmp_path: Path) -> None:
    """What boto3 cannot even read is a line with a mend, for the doctor and for a pull, and never a trace."""
    keys = {
        "BC_PRODUCTION_MEDIA_ACCESS_KEY_ID": "AKIA0000000000000000",
        "BC_PRODUCTION_MEDIA_SECRET_ACCESS_KEY": SECRET,
    }
    file = tmp_path / "environments.toml"
    told = (Path(settings.__file__).with_name("environments.toml")).read_text(encoding="utf-8")
    named = '[environments.production]\nmedia_bucket = "some-bucket"'
    file.write_text(told.replace("[environments.production]", named), encoding="utf-8")
    code, found = findings(tmp_path, AWS_PROFILE="nowhere", BC_ENVIRONMENTS=str(file), **keys)
    assert code == 1
    for about in ("Archive store: buckinghamshire-pipelines-archives", "Media: production"):
        assert found[about]["state"] == "wrong"
        assert "ProfileNotFound" in found[about]["words"]
        assert "AWS_" in found[about]["mend"]
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_PROFILE": "nowhere"}
    variables |= {"BC_LOCAL_DATABASE_URL": "postgresql://127.0.0.1:1/mine", "BC_ENVIRONMENTS": str(file)}
    for command in (("data",), ("images",)):
        done = subprocess.run(
            [BUCKS, "pull", *command, "production"],
            env=variables | keys,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            cwd=tmp_path,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode in (1, 2), done.stderr


def told(folder: Path, mail: Mail, slack: SlackChannel) -> dict[str, str]:
    """Settings by which people are told of a reset."""
    text = Path(settings.__file__).with_name("environments.toml").read_text(encoding="utf-8")
    lines = f"""[notices]
slack_channel = "{slack.channel}"
client_addresses = ["editors@council.example"]
mail_from = "{mail.sender}"
smtp_host = "{mail.host}"
smtp_port = {mail.port}
smtp_user = "{mail.user}"
"""
    (folder / "told.toml").write_text(text.replace("[notices]\n", lines), encoding="utf-8")
    return {
        "BC_ENVIRONMENTS": str(folder / "told.toml"),
        "BC_SLACK_API_URL": slack.api_url,
        "BC_SLACK_TOKEN": slack.token,
        "BC_SMTP_PASSWORD": mail.password,
    }


def test_whether_people_could_be_told(tmp_path: Path) -> None:
    """Both servers are asked, and nothing is sent; wrong secrets and dead servers are named, and not shown."""
    certificates = make_certificates(tmp_path / "tls", [])
    trust = {"SSL_CERT_FILE": str(certificates.ca)}
    kept = tmp_path / "kept"
    kept.mkdir()
    with running_mail(kept, certificates) as mail, running_slack(kept, certificates) as slack:
        variables = told(tmp_path, mail, slack) | trust
        code, found = findings(tmp_path, **variables)
        assert (code, found["Slack"]["state"], found["E-mail"]["state"]) == (0, "works", "works")
        wrong = {"BC_SLACK_TOKEN": SECRET, "BC_SMTP_PASSWORD": SECRET}
        code, found = findings(tmp_path, **variables | wrong)
        assert (code, found["Slack"]["state"], found["E-mail"]["state"]) == (1, "wrong", "wrong")
        assert "BC_SLACK_TOKEN" in found["Slack"]["words"]
        assert "BC_SMTP_PASSWORD" in found["E-mail"]["words"]
        assert SECRET not in json.dumps(found)
    assert list(kept.iterdir()) == []
    code, found = findings(tmp_path, **variables)
    assert "cannot be reached" in found["Slack"]["words"]
    assert "cannot be reached" in found["E-mail"]["words"]
    code, found = findings(tmp_path, **variables | {"BC_SLACK_TOKEN": ""})
    assert (code, found["Notices"]["state"]) == (1, "wrong")


def test_nobody_is_told_where_nobody_is_set(tmp_path: Path) -> None:
    """That is no mistake."""
    _, found = findings(tmp_path)
    assert (found["Slack"]["state"], found["E-mail"]["state"]) == ("not set", "not set")


def test_the_repository_is_asked(tmp_path: Path) -> None:
    """Its main branch and the password count; nothing is fetched, and where none is set nothing is wrong."""
    certificates = make_certificates(tmp_path / "tls", [])
    with serving(tmp_path, certificates) as address:
        here = new_remote(tmp_path, address, certificates, "site")
        here.commit("master", {"manage.py": "1\n"})
        usual = (Path(settings.__file__).with_name("environments.toml")).read_text(encoding="utf-8")
        path = tmp_path / "environments.toml"
        path.write_text(f'{usual}\n[repository]\nurl = "{here.settings.url}"\n', encoding="utf-8")
        asks = {"BC_ENVIRONMENTS": str(path), "BC_GIT_USER": "robot", "SSL_CERT_FILE": str(certificates.ca)}
        _, right = findings(tmp_path, **asks, BC_GIT_PASSWORD=PASSWORD)
        code, wrong = findings(tmp_path, **asks, BC_GIT_PASSWORD=SECRET)
    assert right["Repository"]["state"] == "works"
    assert (code, wrong["Repository"]["state"]) == (1, "wrong")
    assert "BC_GIT_PASSWORD" in wrong["Repository"]["mend"]
    assert SECRET not in json.dumps(wrong)
    assert not here.settings.cache.exists()
    assert findings(tmp_path)[1]["Repository"]["state"] == "not set"


def test_gitlab_is_asked_for_its_pipelines(tmp_path: Path) -> None:
    """The token and the project count, and the token is repeated nowhere; where none is set nothing is wrong."""
    certificates = make_certificates(tmp_path / "tls", [])
    usual = (Path(settings.__file__).with_name("environments.toml")).read_text(encoding="utf-8")
    path = tmp_path / "environments.toml"
    with ScriptedServer(certificates) as server:
        repository = f'[repository]\nurl = "{server.url}/site.git"\n'
        gitlab = f'[repository.gitlab]\nurl = "{server.url}"\nproject = "council/site"\n'
        path.write_text(f"{usual}\n{repository}{gitlab}", encoding="utf-8")
        asks = {"BC_ENVIRONMENTS": str(path), "BC_GITLAB_TOKEN": SECRET, "SSL_CERT_FILE": str(certificates.ca)}
        asked = "/api/v4/projects/council%2Fsite/pipelines"
        server.on("GET", asked, Reply(body=[]))
        _, right = findings(tmp_path, **asks)
        server.on("GET", asked, Reply(401, {"message": SECRET}))
        _, wrong = findings(tmp_path, **asks)
        path.write_text(f"{usual}\n{repository}", encoding="utf-8")
        _, without = findings(tmp_path, **asks)
    assert right["GitLab"]["state"] == "works"
    assert (wrong["GitLab"]["state"], without["GitLab"]["state"]) == ("wrong", "not set")
    assert "BC_GITLAB_TOKEN" in wrong["GitLab"]["words"]
    assert SECRET not in json.dumps(wrong)
