"""The project file ``assignrules.yml``, read strictly, and what it names: rule files, environments, the day (schema.md, section 3)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from assignrules import __version__
from assignrules.diagnostics import Diagnostic, SourceFile, Span, diagnostic, has_errors
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.currencies import CURRENCIES, SPOKEN
from assignrules.syntax.text import decode

if TYPE_CHECKING:
    from assignrules.check.packs import PackFolders
    from assignrules.databases import Database
    from assignrules.schema.file import SchemaFile

FILE_NAME = "assignrules.yml"
CODE = "E0902"
BUILT_IN_SCHEMA = "credit"
DEFAULT_GUARD = Decimal("0.3")
DEFAULT_DATABASE = "duckdb:///assignrules.duckdb"
LATER_DATABASES = ("spark", "sqlite")
ADDRESSES = "`duckdb:///file.duckdb`, relative to the project file, or like `postgresql://user@host/database`"
ENVIRONMENT_KEYS = ("database", "schema_params")

_GUARD = re.compile(r"at most (\d+(?:\.\d+)?) ?%")
_AGE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(minute|hour|day|week)s?")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_VERSION = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)")


@dataclass(frozen=True, slots=True)
class Environment:
    """A database by name. ``database`` is as written: its variables are looked up only when it is opened, and never printed."""

    name: str
    database: str
    span: Span | None = field(compare=False, repr=False)
    schema_params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """A project, opened for an environment and a day.

    ``schema`` is the company's own schema file, relative to ``root``; None: the built-in schema on the embedded store. ``rules`` are files
    and folders relative to ``root``, ``rulesets`` folders of rule packs, which may lie outside it. ``params`` are texts in the rule
    language. ``guard`` is the share of a target's subjects that a run may change, ``freshness`` how old the data of an entity may be.
    ``environment`` None: none was chosen, and the file names no default. ``source`` is the project file.
    """

    root: Path
    name: str
    schema: str | None
    rules: tuple[str, ...]
    rulesets: tuple[str, ...]
    currency: str
    time_zone: str | None
    calendar: str | None
    params: Mapping[str, str]
    ignored_currencies: tuple[str, ...]
    guard: Decimal
    freshness: Mapping[str, timedelta]
    environments: Mapping[str, Environment]
    environment: str | None
    as_of: date
    source: SourceFile = field(compare=False, repr=False)


def find_project_file(folder: Path) -> Path | None:
    """The project file of a folder, or of the nearest folder above it that has one."""
    folder = folder.absolute()
    return next((place / FILE_NAME for place in (folder, *folder.parents) if (place / FILE_NAME).is_file()), None)


def open_project(
    path: Path, *, environment: str | None = None, as_of: date | None = None, params: Mapping[str, str] | None = None
) -> tuple[Project | None, SourceFile | None, tuple[Diagnostic, ...]]:
    """Reads a project file. ``params`` are added to those of the file, and win. Without ``as_of``, today in the project's time zone."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        return None, None, (diagnostic("E0901", f"project file `{path.name}` cannot be read: {reason}"),)
    source, problems = decode(path.name, data)
    if source is None:
        return None, None, tuple(replace(problem, code=CODE) for problem in problems)
    source = with_last_line_ended(source)
    node, problems = yaml.read_yaml(source, CODE)
    if node is None:
        return None, source, problems
    reader = _Reader(source, [])
    project = reader.project(path.parent, node, environment, as_of, params or {})
    return (None if has_errors(reader.problems) else project), source, tuple(reader.problems)


def rule_sources(project: Project) -> tuple[tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """Every rule file of the project, sorted by name, with forward slashes; and what cannot be read."""
    sources: dict[str, SourceFile] = {}
    problems: list[Diagnostic] = []
    for entry in project.rules:
        place = project.root / entry
        if not place.exists():
            at = _place_of(project.source, entry)
            problems.append(diagnostic(CODE, f"`{entry}` in `rules` does not exist", at, help="create it, or correct the name"))
            continue
        for path in [place] if place.is_file() else _rule_files(place):
            name = path.relative_to(project.root).as_posix()
            source, found = read_own_source(project, path, name)
            problems.extend(found)
            if source is not None:
                sources[name] = source
    return tuple(sources[name] for name in sorted(sources)), tuple(problems)


def schema_of(project: Project) -> tuple[SchemaFile | None, tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """The project's own schema file, read for its environment; the texts that diagnostics may point into; what is wrong with them."""
    from assignrules.schema.file import Settings, read_schema

    assert project.schema is not None
    source, problems = _schema_source(project, project.schema)
    if source is None:
        at = _place_of(project.source, project.schema)
        return None, (project.source,), tuple(replace(item, span=item.span or at) for item in problems)
    environment = project.environments.get(project.environment or "")
    settings = Settings(
        _dialect_of(environment),
        None if environment is None else _known_variables(environment.schema_params),
        project.currency,
        project.time_zone or "UTC",
        project.calendar,
    )

    def find(name: str, parent: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
        place = (Path(name).parent / parent).as_posix()
        if Path(parent).is_absolute() or ".." in Path(os.path.normpath(place)).parts:
            return None, (diagnostic("E0220", f"`{parent}` lies outside the project"),)
        return _schema_source(project, Path(os.path.normpath(place)).as_posix())

    found, sources, problems = read_schema(source, settings, find)
    return found, (project.source, *sources), problems


def _schema_source(project: Project, name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    source, problems = read_own_source(project, project.root / name, name)
    return None if source is None else with_last_line_ended(source), problems


def _dialect_of(environment: Environment | None) -> str:
    """sqlglot's name of the SQL of an environment's database, by its address."""
    # The whole address may be a variable; where that is not set, nothing is read of the database, and its own dialect does not matter.
    address = {} if environment is None else _known_variables({"database": environment.database})
    scheme = address.get("database", "duckdb").partition("://")[0].partition("+")[0]
    return {"postgresql": "postgres", "postgres": "postgres"}.get(scheme, "duckdb")


def _known_variables(params: Mapping[str, str]) -> dict[str, str]:
    """Values with the environment variables that they name; one that is not set leaves its parameter out."""
    found: dict[str, str] = {}
    for name, text in params.items():
        if all(os.environ.get(variable) for variable in _VARIABLE.findall(text)):
            found[name] = _VARIABLE.sub(lambda match: os.environ[match[1]], text)
    return found


def pack_folders(project: Project) -> PackFolders:
    """Where `use` finds rule packs: in the folders that the project lists, then among those that ship with the package."""
    from assignrules.check.packs import PackFolders

    return PackFolders({entry: project.root / entry for entry in project.rulesets})


def read_source(path: Path, name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """A text file by the name it is shown by."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return None, (diagnostic(CODE, f"`{name}` cannot be read: {(error.strerror or 'unknown reason').lower()}"),)
    return decode(name, data)


def read_own_source(project: Project, path: Path, name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """The same of a file that the project itself names or holds: no link of it leads elsewhere."""
    if not path.resolve().is_relative_to(project.root.resolve()):
        return None, (diagnostic(CODE, f"`{name}` leads out of the project", help="put the file itself there"),)
    return read_source(path, name)


def given_rule_sources(project: Project, paths: Iterable[str | os.PathLike[str]]) -> tuple[tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """The rule files of some paths, folders whole, sorted by name; and what cannot be read."""
    sources: dict[str, SourceFile] = {}
    problems: list[Diagnostic] = []
    for given in paths:
        path = Path(given)
        if not path.exists():
            problems.append(diagnostic("E0906", f"`{path}` does not exist"))
            continue
        files = list(_rule_files(path)) if path.is_dir() else [path]
        if not files:
            help = "rule files are called `*.rules`, `*.yml` or `*.yaml`"
            problems.append(diagnostic("E0906", f"there is no rule file in `{path}`", help=help))
        for file in files:
            source, found = read_source(file, shown_name(project, file))
            problems.extend(found)
            if source is not None:
                sources[source.name] = source
    return tuple(sources[name] for name in sorted(sources)), tuple(problems)


def shown_name(project: Project, path: Path) -> str:
    """A file as it is shown: relative to the project where it lies in it."""
    path = path.resolve()
    root = project.root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def with_last_line_ended(source: SourceFile) -> SourceFile:
    """A YAML text whose last line ends with a line break: the parser marks ends on the line behind, which then is one of the text."""
    return source if source.text.endswith("\n") else SourceFile(source.name, f"{source.text}\n")


def database_of(project: Project, variables: Mapping[str, str] | None = None) -> tuple[Database | None, tuple[Diagnostic, ...]]:
    """The database of the project's environment. ``variables`` are the process's own unless given; their values never reach a message."""
    from assignrules.databases.duckdb import DuckDB
    from assignrules.databases.postgres import SCHEMES, Postgres

    if project.environment is None:
        names = ", ".join(f"`{name}`" for name in project.environments)
        help = f"choose one with `-e`, or name it as `default_environment`: {names}"
        return None, (diagnostic("E0903", "no environment is chosen", help=help),)
    environment = project.environments[project.environment]
    known = os.environ if variables is None else variables
    missing = [name for name in dict.fromkeys(_VARIABLE.findall(environment.database)) if not known.get(name)]
    if missing:
        return None, tuple(
            diagnostic(
                "E0904", f"environment variable `{name}` is not set", environment.span, help=f"environment `{environment.name}` needs it"
            )
            for name in missing
        )
    address = _VARIABLE.sub(lambda match: known[match[1]], environment.database)
    scheme, mark, rest = address.partition("://")
    if mark and scheme == "duckdb" and rest.startswith("/") and rest != "/":
        return DuckDB(project.root / rest[1:]), ()
    if mark and scheme.split("+")[0] in SCHEMES:
        try:
            return Postgres(address), ()
        except ValueError:
            message = f"environment `{environment.name}`: the address of its PostgreSQL database cannot be read"
            help = "write it like `postgresql://user:password@host/database`; in a password, `@` is written `%40`, `/` `%2F` and `?` `%3F`"
            return None, (diagnostic(CODE, message, environment.span, help=help),)
    if mark and scheme.split("+")[0] in LATER_DATABASES:
        message = f"environment `{environment.name}`: databases of `{scheme.split('+')[0]}` are not supported yet"
        return None, (diagnostic("E0199", message, environment.span, help=f"write it like {ADDRESSES}"),)
    # The address is not shown: it may hold a password.
    message = f"environment `{environment.name}`: the database has no address that can be opened"
    return None, (diagnostic(CODE, message, environment.span, help=f"write it like {ADDRESSES}"),)


def git_revision(folder: Path) -> str | None:
    """The revision that the folder's files are of, with ``-dirty`` where some differ from it; None outside git."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # no git on this machine, or one that hangs: a plan does without
    return done.stdout.strip() or None if done.returncode == 0 else None


def _rule_files(folder: Path) -> Iterator[Path]:
    """Hidden files are an editor's own, and the project file is none."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".rules", ".yml", ".yaml") and path.is_file() and not path.name.startswith(".") and path.name != FILE_NAME:
            yield path


def _place_of(source: SourceFile, text: str) -> Span | None:
    start = source.text.find(text)
    return None if start < 0 else source.span(start, start + len(text))


@dataclass(slots=True)
class _Reader:
    """Reads the nodes of a project file; collects what is wrong."""

    source: SourceFile
    problems: list[Diagnostic]

    def project(
        self, root: Path, node: yaml.Node, environment: str | None, as_of: date | None, params: Mapping[str, str]
    ) -> Project | None:
        keys = ("name", "schema", "rules", "language", "requires", "rulesets", "currency", "time_zone", "calendar", "params")
        top = self.mapping(node, "a project file", (*keys, "ignored_currencies", "guards", "environments", "default_environment"))
        self._versions(top)
        zone_name = self.text(top, "time_zone")
        zone = self._zone(zone_name, top)
        environments = self._environments(top.get("environments"))
        guards = self.mapping(top.get("guards"), "`guards`", ("changes", "freshness"))
        return Project(
            root,
            self.text(top, "name") or root.name,
            self._schema(top),
            self._rules(top),
            self._rulesets(root, top),
            self._currency(top),
            zone_name,
            self.text(top, "calendar"),
            {**self._params(top.get("params")), **params},
            self.texts(top, "ignored_currencies"),
            self._guard(guards),
            self._freshness(guards.get("freshness"), own_schema="schema" in top),
            environments,
            self._chosen(environments, environment, top),
            as_of or datetime.now(zone).date(),
            self.source,
        )

    def report(self, message: str, span: Span | None, *, help: str | None = None, code: str = CODE) -> None:
        self.problems.append(diagnostic(code, message, span, help=help))

    def mapping(self, node: yaml.Node | None, what: str, known: tuple[str, ...] | None = None) -> dict[str, yaml.Node]:
        """The entries; unknown ones are reported and left out. Nothing is an empty mapping."""
        if node is None or (isinstance(node, yaml.Scalar) and node.value is None):
            return {}
        if not isinstance(node, yaml.Mapping):
            self.report(f"{what} must have keys with values", node.span)
            return {}
        if known is not None:
            for key, _ in node.entries:
                if str(key.value) not in known:
                    help = did_you_mean(str(key.value), known) or "known are " + ", ".join(f"`{word}`" for word in known)
                    self.report(f"unknown key `{key.value}` in {what}", key.span, help=help)
        return {key: value for key, value in node.items() if known is None or key in known}

    def scalar(self, node: yaml.Node, what: str) -> str | None:
        if isinstance(node, yaml.Scalar):
            return ("true" if node.value else "false") if isinstance(node.value, bool) else node.value
        self.report(f"`{what}` must be a single value", node.span)
        return None

    def text(self, entries: Mapping[str, yaml.Node], key: str) -> str | None:
        return self.scalar(entries[key], key) if key in entries else None

    def texts(self, entries: Mapping[str, yaml.Node], key: str) -> tuple[str, ...]:
        node = entries.get(key)
        if node is None or (isinstance(node, yaml.Scalar) and node.value is None):
            return ()
        if not isinstance(node, yaml.Sequence):
            self.report(
                f"`{key}` must be a list",
                node.span,
                help=f"write `{key}: [{self.scalar(node, key) or '…'}]`" if isinstance(node, yaml.Scalar) else None,
            )
            return ()
        found = (self.scalar(item, key) for item in node.items)
        return tuple(text for text in found if text is not None)

    def _schema(self, top: Mapping[str, yaml.Node]) -> str | None:
        name = self.text(top, "schema")
        if name in (None, BUILT_IN_SCHEMA):
            return None
        assert name is not None
        if Path(name).is_absolute() or ".." in Path(name).parts:
            self.report(f"`{name}` lies outside the project", top["schema"].span, help="move the schema below the project file")
            return None
        return name

    def _versions(self, top: Mapping[str, yaml.Node]) -> None:
        language = self.text(top, "language")
        if language not in (None, "1"):
            self.report(f"version `{language}` of the rule language is unknown", top["language"].span, help="this program knows version 1")
        requires = self.text(top, "requires")
        if requires is None:
            return
        for part in requires.split(","):
            match = _VERSION.fullmatch(part.strip())
            if match is None:
                self.report(f"`{part.strip()}` does not say a version", top["requires"].span, help='write it like `requires: ">=0.1"`')
            elif not _holds(__version__, match[1], match[2]):
                message = f"the project needs assignrules {requires}, and this is {__version__}"
                self.report(message, top["requires"].span, help="install a version that fits")

    def _rules(self, top: Mapping[str, yaml.Node]) -> tuple[str, ...]:
        rules = self.texts(top, "rules") if "rules" in top else ("rules/",)
        kept = []
        for entry in rules:
            if Path(entry).is_absolute() or ".." in Path(entry).parts:
                self.report(f"`{entry}` lies outside the project", top["rules"].span, help="move the rules below the project file")
            else:
                kept.append(entry)
        return tuple(kept)

    def _rulesets(self, root: Path, top: Mapping[str, yaml.Node]) -> tuple[str, ...]:
        folders = self.texts(top, "rulesets")
        for entry in folders:
            if not (root / entry).is_dir():
                at = _place_of(self.source, entry) or top["rulesets"].span
                self.report(
                    f"`{entry}` in `rulesets` is no folder", at, help="name a folder that holds rule packs, each a folder of its own"
                )
        return folders

    def _zone(self, name: str | None, top: Mapping[str, yaml.Node]) -> tzinfo:
        if name is None:
            return UTC
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.report(f"there is no time zone `{name}`", top["time_zone"].span, help="write it like `Europe/Paris`")
            return UTC

    def _currency(self, top: Mapping[str, yaml.Node]) -> str:
        currency = self.text(top, "currency") or "EUR"
        if currency not in CURRENCIES:
            spoken = SPOKEN.get(currency.casefold(), currency.upper())
            help = f"did you mean `{spoken}`?" if spoken in CURRENCIES else "write its ISO 4217 code, like `EUR`"
            self.report(f"`{currency}` is no currency code", top["currency"].span, help=help)
        return currency

    def _params(self, node: yaml.Node | None) -> dict[str, str]:
        params: dict[str, str] = {}
        for name, value in self.mapping(node, "`params`").items():
            text = self.scalar(value, name)
            if text is None:
                self.report(f"parameter `{name}` has no value", value.span)
            else:
                params[name] = text
        return params

    def _freshness(self, node: yaml.Node | None, *, own_schema: bool) -> dict[str, timedelta]:
        """How old the data of each entity may be: `{document: 26 hours}`."""
        from assignrules.schema.logical import credit

        bounds: dict[str, timedelta] = {}
        for word, value in self.mapping(node, "`freshness`").items():
            entity = credit().entity(word)
            if entity is None and not own_schema:
                words = [name for known in credit().entities.values() for name in (known.name, known.plural)]
                help = did_you_mean(word, words) or "entities are " + ", ".join(f"`{name}`" for name in credit().entities)
                self.report(f"unknown entity `{word}` in `freshness`", self._key_of(node, word) or value.span, help=help)
                continue
            text = self.scalar(value, word)
            match = _AGE.fullmatch(text or "")
            if match is None:
                self.report(f"`{text}` is no age", value.span, help="write it like `26 hours` or `2 days`")
            else:
                bounds[word if entity is None else entity.name] = timedelta(**{f"{match[2]}s": float(match[1])})
        return bounds

    @staticmethod
    def _key_of(node: yaml.Node | None, word: str) -> Span | None:
        keys = (key for key, _ in node.entries) if isinstance(node, yaml.Mapping) else ()
        return next((key.span for key in keys if key.value == word), None)

    def _guard(self, guards: Mapping[str, yaml.Node]) -> Decimal:
        text = self.text(guards, "changes")
        if text is None:
            return DEFAULT_GUARD
        match = _GUARD.fullmatch(text)
        if match is None or Decimal(match[1]) > 100:
            self.report(f"`{text}` is no guard", guards["changes"].span, help="write it like `at most 30%`")
            return DEFAULT_GUARD
        return Decimal(match[1]) / 100

    def _environments(self, node: yaml.Node | None) -> dict[str, Environment]:
        environments: dict[str, Environment] = {}
        for name, body in self.mapping(node, "`environments`").items():
            entries = self.mapping(body, f"environment `{name}`", ENVIRONMENT_KEYS)
            database = self.text(entries, "database")
            if database is None:
                self.report(f"environment `{name}` has no `database`", body.span, help='write `database: "duckdb:///file.duckdb"`')
                continue
            given = self.mapping(entries.get("schema_params"), "`schema_params`")
            params = {key: text for key, value in given.items() if (text := self.scalar(value, key)) is not None}
            environments[name] = Environment(name, database, entries["database"].span, params)
        return environments or {"local": Environment("local", DEFAULT_DATABASE, None)}

    def _chosen(self, environments: Mapping[str, Environment], given: str | None, top: Mapping[str, yaml.Node]) -> str | None:
        default = self.text(top, "default_environment")
        if default is None and len(environments) == 1:
            default = next(iter(environments))
        chosen = given or default
        if chosen is None or chosen in environments:
            return chosen
        names = list(environments)
        help = did_you_mean(chosen, names) or "environments are " + ", ".join(f"`{name}`" for name in names)
        self.report(f"there is no environment `{chosen}`", None if given else top["default_environment"].span, help=help, code="E0903")
        return None


def _holds(version: str, operator: str, bound: str) -> bool:
    left, right = ([int(part) for part in re.findall(r"\d+", text)] for text in (version, bound))
    length = max(len(left), len(right))
    left += [0] * (length - len(left))
    right += [0] * (length - len(right))
    compare: dict[str, Callable[[list[int], list[int]], bool]] = {
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }
    return compare[operator](left, right)
