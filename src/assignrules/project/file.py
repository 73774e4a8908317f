"""The project file ``assignrules.yml``, found and read strictly (schema.md, section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from assignrules import __version__
from assignrules.diagnostics import Diagnostic, SourceFile, Span, diagnostic, has_errors
from assignrules.diagnostics.model import did_you_mean
from assignrules.project.model import CODE, FILE_NAME, Environment, Project
from assignrules.project.sources import place_of, with_last_line_ended
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.currencies import CURRENCIES, SPOKEN
from assignrules.syntax.text import decode

BUILT_IN_SCHEMA = "credit"
DEFAULT_GUARD = Decimal("0.3")
DEFAULT_DATABASE = "duckdb:///assignrules.duckdb"
ENVIRONMENT_KEYS = ("database", "schema_params")

_GUARD = re.compile(r"at most (\d+(?:\.\d+)?) ?%")
_AGE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(minute|hour|day|week)s?")
_VERSION = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)")


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
    # By line, and within one as they were found: a misspelt key comes before what is missing for it.
    found = sorted(reader.problems, key=lambda problem: 0 if problem.span is None else problem.span.line)
    return (None if has_errors(found) else project), source, tuple(found)


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
                at = place_of(self.source, entry) or top["rulesets"].span
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
