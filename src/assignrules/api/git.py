"""The files of a revision, read from git. The checkout is not touched, no shell is run, and no name reaches git as an option."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path, PurePosixPath

from assignrules.api.problems import Problems
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax.limits import MAX_BYTES

CODE = "E0910"
SECONDS = 120
RULE_FILES = (".rules", ".yml", ".yaml")  # what rule packs, which may lie outside of the project, consist of
HASH = re.compile("[0-9a-f]{40,64}")
FILE, PROGRAM, LINK = "100644", "100755", "120000"


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository, seen from a folder in it. ``prefix``: where that folder is, as ``strategy/``; empty at the top."""

    folder: Path
    prefix: str


def repository(folder: Path) -> Repository:
    """The repository that a folder belongs to."""
    done = _git(folder, "rev-parse", "--show-prefix")
    if done.returncode == 0:
        return Repository(folder, os.fsdecode(done.stdout).removesuffix("\n"))
    said = os.fsdecode(done.stderr).strip()
    if "not a git repository" in said:
        help = "`git init` makes a repository of it; `diff` compares what was committed"
        raise Problems([diagnostic(CODE, f"the project in `{folder.name}` is in no git repository", help=help)])
    raise Problems([_failed(said)])


def commit_of(place: Repository, revision: str) -> str:
    """The hash of the commit that a branch, a tag or any other name of a revision means."""
    found = "" if revision.startswith("-") else revision  # what starts with a dash is no name to git, but an option
    for wanted in ("{}", "{}^{{commit}}"):  # what the name means, and the commit that that is or points to
        done = _git(place.folder, "rev-parse", "--verify", "--quiet", wanted.format(found))
        found = os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""
    if HASH.fullmatch(found):
        return found
    raise Problems([diagnostic(CODE, f"there is no revision `{revision}` in the git repository", help=_way_out(place, revision))])


def write_files(place: Repository, commit: str, folder: Path) -> Path:
    """Writes the files of a commit that a project may consist of below ``folder``, as they were committed; the project's folder there."""
    top = folder.resolve()
    for path, mode, data in _contents(place, _entries(place, commit)):
        target = top.joinpath(*path.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode != LINK:
            target.write_bytes(data)
        elif _stays_inside(target.parent, os.fsdecode(data), top):
            target.symlink_to(os.fsdecode(data))
    return top / place.prefix


@dataclass(frozen=True, slots=True)
class _Entry:
    path: PurePosixPath
    mode: str
    object: str


def _entries(place: Repository, commit: str) -> list[_Entry]:
    done = _checked(_git(place.folder, "ls-tree", "-r", "-z", "-l", "--full-tree", commit))
    found = []
    for line in os.fsdecode(done.stdout).split("\0")[:-1]:
        about, _, name = line.partition("\t")
        mode, _, object, size = about.split()
        path = PurePosixPath(name)
        wanted = name.startswith(place.prefix) or path.suffix in RULE_FILES
        # What is larger is no rule file; what is called one is taken all the same, to be refused as such.
        small = path.suffix in RULE_FILES or (size.isdecimal() and int(size) <= MAX_BYTES)
        if wanted and small and mode in (FILE, PROGRAM, LINK) and ".." not in path.parts:
            found.append(_Entry(path, mode, object))
    return found


def _contents(place: Repository, entries: Sequence[_Entry]) -> Iterator[tuple[PurePosixPath, str, bytes]]:
    names = "".join(f"{entry.object}\n" for entry in entries).encode()
    answer = _checked(_git(place.folder, "cat-file", "--batch", given=names)).stdout
    start = 0
    for entry in entries:
        end = answer.index(b"\n", start)
        about = answer[start:end].split()
        if about[-1] == b"missing":
            raise Problems([_failed(f"the contents of `{entry.path}` are not in this clone")])
        size = int(about[-1])
        start = end + 1 + size + 1
        yield entry.path, entry.mode, answer[end + 1 : end + 1 + size]


def _stays_inside(folder: Path, target: str, top: Path) -> bool:
    """Whether a link leads to a place below ``top``. Behind a name, `..` could be that of another link: only the first ones are plain."""
    parts = PurePosixPath(target).parts
    down = list(dropwhile(lambda part: part == "..", parts))
    return not os.path.isabs(target) and ".." not in down and Path(os.path.normpath(folder / target)).is_relative_to(top)


def _way_out(place: Repository, revision: str) -> str:
    done = _git(place.folder, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes")
    near = did_you_mean(revision, os.fsdecode(done.stdout).split())
    if near is not None:
        return near
    if _git(place.folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        return "the clone holds the last commits alone: `git fetch --unshallow` brings the others"
    return "name a branch, a tag or a commit, like `main`, `v1.2` or `HEAD~1`"


def _git(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    surroundings = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(["git", *words], cwd=folder, input=given, capture_output=True, env=surroundings, timeout=SECONDS, check=False)
    except FileNotFoundError as error:
        raise Problems(
            [diagnostic(CODE, "git is not installed", help="`diff` reads revisions of the rules with the command `git`")]
        ) from error
    except ValueError as error:  # a NUL character in a name
        raise Problems([diagnostic(CODE, "a revision's name holds a NUL character")]) from error
    except subprocess.TimeoutExpired as error:
        raise Problems([diagnostic(CODE, f"git has not answered for {SECONDS} seconds")]) from error


def _checked(done: subprocess.CompletedProcess[bytes]) -> subprocess.CompletedProcess[bytes]:
    if done.returncode:
        raise Problems([_failed(os.fsdecode(done.stderr).strip())])
    return done


def _failed(said: str) -> Diagnostic:
    return diagnostic(CODE, f"git failed: {said or 'it does not say why'}")
