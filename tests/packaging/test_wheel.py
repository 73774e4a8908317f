"""The sdist builds the wheel, and the wheel alone, in an empty environment, has the command, the grammar, the packs and the demo."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SHIPPED = ("grammar", "rulesets", "examples/my_company_sas")
"""Folders of the repository that travel inside the package, under the same names."""

# One test process, so that the wheel is built and installed once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def run(*command: str | Path, cwd: Path) -> str:
    """Outside the checkout and without its paths, so that nothing is found there by accident."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def sources(folder: str) -> set[str]:
    """Files below a folder of the repository that belong to it, by their path inside it."""
    return {
        path.relative_to(ROOT / folder).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".pyc", ".duckdb", ".wal")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    # First the sdist, then the wheel from that sdist: what the sdist lacks, the wheel lacks.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, ROOT, cwd=target)
    (built,) = target.glob("assignrules-*.whl")
    assert list(target.glob("assignrules-*.tar.gz"))
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel and its dependencies, and nothing else."""
    home = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", home / "venv", cwd=home)
    binaries = home / "venv" / "bin"
    run(binaries / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=home)
    return binaries


def test_the_wheel_ships_every_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in SHIPPED:
        expected = {f"assignrules/{folder}/{name}" for name in sources(folder)}
        assert expected, f"`{folder}` is empty"
        assert expected <= names
    assert not [name for name in names if name.endswith((".pyc", ".duckdb")) or name.startswith(("tests/", "src/"))]
    metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
    assert "License-Expression: Apache-2.0" in zipfile.ZipFile(wheel).read(metadata).decode()


def test_the_installed_package_is_complete(installed: Path, tmp_path: Path) -> None:
    help_text = run(installed / "assignrules", "--help", cwd=tmp_path)
    assert "plan" in help_text
    assert "demo" in help_text
    where = Path(run(installed / "python", "-c", "import assignrules; print(assignrules.__path__[0])", cwd=tmp_path).strip())
    assert installed.parent in where.parents, "the checkout was found instead of the wheel"
    for folder in SHIPPED:
        found = {path.relative_to(where / folder).as_posix() for path in (where / folder).rglob("*") if path.is_file()}
        assert sources(folder) <= found


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    output = run(installed / "assignrules", "demo", tmp_path / "demo", cwd=tmp_path)
    assert "No reminder" in output
    assert (tmp_path / "demo" / "assignrules.yml").is_file()
