"""Every diagnostic code has a page, whose wrong example gives the code and whose right one gives nothing; what is said is a golden file.

`ASSIGNRULES_GOLDEN=write pytest tests/pages` writes them anew.
"""

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.pages.examples import run_example

from assignrules.cli import application
from assignrules.diagnostics.codes import CODES
from assignrules.diagnostics.pages import AREAS, read_page

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[1] / "messages" / "codes"
PAGES = Path(__file__).parents[2] / "src" / "assignrules" / "diagnostics" / "pages"
SOURCES = Path(__file__).parents[2] / "src" / "assignrules"
# What a wrong example says beside its code: a silence without a reason leaves its warning, and what STILL says.
BESIDE = {"W0410": {"W0301"}, "E0801": {"W0801"}}
# What a right example may still say: that a cut tail cannot be seen is said by every verification without an anchor.
STILL = {"E0801": {"W0801"}}


def test_there_is_a_page_for_each_code_and_no_other() -> None:
    assert {path.stem for path in PAGES.glob("*")} == set(CODES)
    assert {code[1:3] for code in CODES} == set(AREAS)


def test_every_code_is_given_somewhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path.name != "codes.py")
    assert not [code for code in CODES if f'"{code}"' not in text]
    assert not set(re.findall(r'"([EW]\d{4})"', text)) - set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_gives_the_code(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    came = run_example(code, read_page(code).wrong, tmp_path, monkeypatch)
    assert set(came.codes) == {code} | BESIDE.get(code, set()), came.text
    golden = FOLDER / f"{code}.txt"
    if os.environ.get("ASSIGNRULES_GOLDEN") == "write":
        golden.write_text(came.text, encoding="utf-8", newline="\n")
    assert came.text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_the_right_example_gives_nothing(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    came = run_example(code, read_page(code).right, tmp_path, monkeypatch)
    assert set(came.codes) <= STILL.get(code, set()), came.text
    assert not came.failed, came.text


@pytest.mark.parametrize("code", CODES)
def test_a_page_reads_well(code: str) -> None:
    page = read_page(code)
    assert page.meaning.endswith(".") and len(page.meaning) > 40
    assert page.wrong.kind.split()[0] in ("rules", "yaml", "console", "csv", "text")
    assert page.right.kind != "text"
    shown = CliRunner().invoke(application, ["help", code.lower()])
    assert shown.exit_code == 0 and shown.stdout.startswith(f"{code}: {CODES[code]}\n")
    answer = json.loads(CliRunner().invoke(application, ["help", code, "--format", "json"]).stdout)
    assert (answer["code"], answer["wrong"]["text"]) == (code, page.wrong.text)


def test_help_in_json() -> None:
    listed = json.loads(CliRunner().invoke(application, ["help", "--format", "json"]).stdout)
    assert listed["codes"] == CODES and "plan" in listed["commands"] and listed["schema_version"]
    plan = json.loads(CliRunner().invoke(application, ["help", "plan", "--format", "json"]).stdout)
    assert plan["command"] == "plan" and "--override-guard" in plan["text"]
    unknown = CliRunner().invoke(application, ["help", "E0310x", "--format", "json"])
    assert unknown.exit_code == 64 and json.loads(unknown.stdout)["diagnostics"][0]["help"] is None
