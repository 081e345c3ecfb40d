"""Nothing is undocumented, and no page leads nowhere."""

import re
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from typer.testing import CliRunner

from ramekin import errors
from ramekin.api.http.problems import status_of
from ramekin.cli.main import app
from ramekin.settings import SETTINGS
from tests.each import each

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
MANUAL = {path.name: path.read_text() for path in PAGES}


@each(SETTINGS)
def test_every_setting_is_in_the_table(setting):
    field = SETTINGS[setting]
    row = re.search(
        rf"^\| `RAMEKIN_{setting.upper()}` \| `--{setting.replace('_', '-')}` \| (.*?) \|",
        MANUAL["configuration.md"],
        re.MULTILINE,
    )
    assert row, setting
    default = {"None": "none", "()": "none", "True": "on", "False": "off"}.get(str(field.default), field.default)
    assert row[1].strip("`") == str(default)


def test_the_help_tells_each_setting_apart_with_its_default():
    text = CliRunner().invoke(app, ["serve", "--help"], terminal_width=100).output
    options = {
        name: " ".join(told.split())
        for name, told in re.findall(r"^  --([a-z-]+)(.*?)(?=^  -)", text, re.MULTILINE | re.DOTALL)
    }
    shown = {
        "max_record_bytes": "1 MiB",
        "max_bulk_bytes": "16 MiB",
        "max_load_bytes": "1 GiB",
        "kept_changes_bytes": "64 MiB",
        True: "on",
        False: "off",
    }
    for name, field in SETTINGS.items():
        told = options[name.replace("_", "-")]
        if field.default not in (None, ()) and name != "insecure":
            default = shown.get(name) or (shown[field.default] if isinstance(field.default, bool) else field.default)
            assert f"[default: {default}]" in told, name
    texts = [re.sub(r"^\S* |\[default.*", "", told) for told in options.values()]
    assert len(set(texts)) == len(texts)


@each(SETTINGS)
def test_the_help_of_a_setting_names_the_values_that_it_takes_and_other_settings_as_flags(setting):
    """It is read where nothing else is: below `--help` of another page, or by itself."""
    field = SETTINGS[setting]
    words = set(re.findall(r"[\w-]+|[^\s\w]", field.metadata["told"]))
    values = get_args(field.type) if get_origin(field.type) is Literal else ()
    assert [value for value in values if value not in words] == []
    assert not words & {name for name in SETTINGS if "_" in name}


def test_the_table_has_no_other_settings():
    named = set(re.findall(r"^\| `RAMEKIN_([A-Z_]+)`", MANUAL["configuration.md"], re.MULTILINE))
    assert {name.lower() for name in named} == set(SETTINGS)


@each(errors.all_errors())
def test_every_error_is_listed_as_it_is(error):
    meaning, remedy = (text.replace("|", r"\|") for text in (" ".join(error.__doc__.split()), error.remedy))
    row = f"| `{error.code}` | {status_of(error)} | {meaning} | {remedy} |"
    assert row in MANUAL["errors.md"], "run `make error-table`"


@each(errors.all_errors())
def test_an_error_tells_users_of_nothing_inside(error):
    told = f"{error.__doc__} {error.remedy}"
    assert not re.search(r"``|docstring|[Ss]ubclass", told)
    addresses = re.findall(r"`(?:[A-Z]+ )?(/\w[^`]*)`", told)
    assert not [address for address in addresses if re.match(r"/(tables|data|join|query|load|dump|batch)\b", address)]


def test_every_command_is_described():
    for command in app.registered_commands:
        assert f"## `ramekin {command.name or command.callback.__name__}`" in MANUAL["configuration.md"]


def test_every_route_is_described(local):
    text = MANUAL["api.md"]
    tables = local.app.state.context.database.schemas
    typed = tuple(f"/api/v1/{kind}/{table}" for table in tables for kind in ("data", "join"))
    for path in local.get("/openapi.json").json()["paths"]:
        if not path.startswith(typed):
            assert f"`{path}`" in text, path


def test_there_are_at_least_twelve_troubles_with_cause_and_cure():
    troubles = re.split(r"^## ", MANUAL["troubleshooting.md"], flags=re.MULTILINE)[1:]
    assert len(troubles) >= 12
    for trouble in troubles:
        assert "**Cause.**" in trouble, trouble.splitlines()[0]
        assert "**Cure.**" in trouble, trouble.splitlines()[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
