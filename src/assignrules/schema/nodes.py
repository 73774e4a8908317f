"""Reading the nodes of a schema file: small forms that come again, each problem reported where it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.schema.fragments import check_fragment, check_translation
from assignrules.schema.physical import Fragment, Source, TableName
from assignrules.syntax import yaml_reader as yaml

CODE = "E0220"
SQL_STARTS = ("select ", "with ", "select\n", "with\n", "select\t", "with\t")


@dataclass(slots=True)
class Nodes:
    """Reads nodes and collects what is wrong with them. ``dialect`` is that of the fragments, ``database`` that of the database on which
    they run; ``parameters`` are those that they may read."""

    dialect: str
    database: str
    parameters: Collection[str] = ()
    problems: list[Diagnostic] = field(default_factory=list)

    def report(self, message: str, span: Span | None, *, help: str | None = None, code: str = CODE) -> None:
        self.problems.append(diagnostic(code, message, span, help=help))

    def entries(self, node: yaml.Node | None, what: str, known: tuple[str, ...] | None = None) -> dict[str, yaml.Node]:
        """The entries of a mapping; unknown ones are reported and left out. Nothing is an empty mapping."""
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

    def text(self, node: yaml.Node | None, what: str) -> str | None:
        """A single value as text; None where it is not there, or is none."""
        if node is None:
            return None
        if not isinstance(node, yaml.Scalar) or node.value is None:
            self.report(f"`{what}` must be a single value", node.span)
            return None
        return ("true" if node.value else "false") if isinstance(node.value, bool) else node.value

    def flag(self, node: yaml.Node | None, what: str) -> bool | None:
        if node is None:
            return None
        if isinstance(node, yaml.Scalar) and isinstance(node.value, bool):
            return node.value
        self.report(f"`{what}` is `true` or `false`", node.span)
        return None

    def whole(self, node: yaml.Node | None, what: str, largest: int) -> int | None:
        text = self.text(node, what)
        if text is None or node is None:
            return None
        if text.isascii() and text.isdigit() and int(text) <= largest:
            return int(text)
        self.report(f"`{what}` is a whole number from 0 to {largest}, and not `{text}`", node.span)
        return None

    def listed(self, node: yaml.Node | None) -> tuple[yaml.Node, ...]:
        """The items of a list; a single value is a list of one."""
        if node is None:
            return ()
        return node.items if isinstance(node, yaml.Sequence) else (node,)

    def texts(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        found = (self.text(item, what) for item in self.listed(node))
        return tuple(text for text in found if text is not None)

    def codes(self, node: yaml.Node | None, what: str) -> tuple[str | None, ...]:
        """Like ``texts``; `null` is SQL's NULL."""
        return tuple(
            None if isinstance(item, yaml.Scalar) and item.value is None else self.text(item, what) or "" for item in self.listed(node)
        )

    def fragment(self, node: yaml.Node | None, what: str, kind: str = "value") -> Fragment | None:
        """A confined fragment; None where there is none, or it is refused."""
        text = self.text(node, what)
        if text is None or node is None:
            return None
        found = Fragment(text, node.span)
        problems = check_fragment(found, kind, self.dialect, self.parameters)
        problems = problems or check_translation(found, kind, self.dialect, self.database)
        self.problems.extend(problems)
        return None if problems else found

    def source(self, node: yaml.Node, what: str) -> Source | None:
        """A column by name, or `{sql: …}`."""
        if isinstance(node, yaml.Mapping):
            body = self.entries(node, f"`{what}`", ("column", "sql"))
            return self.source_of(body, node.span, what)
        text = self.text(node, what)
        return None if text is None else Source(text, span=node.span)

    def source_of(self, body: Mapping[str, yaml.Node], span: Span, what: str) -> Source | None:
        """The source that the keys `column` and `sql` give."""
        if ("column" in body) == ("sql" in body):
            self.report(f"`{what}` needs either `column` or `sql`", span)
            return None
        if "sql" in body:
            fragment = self.fragment(body["sql"], "sql")
            return None if fragment is None else Source(None, fragment, body["sql"].span)
        column = self.text(body["column"], "column")
        return None if column is None else Source(column, span=body["column"].span)

    def sources(self, node: yaml.Node, what: str) -> tuple[Source, ...]:
        """One or several."""
        found = (self.source(item, what) for item in self.listed(node))
        return tuple(item for item in found if item is not None)

    def table(self, node: yaml.Node | None, what: str, *, query: bool = True) -> TableName | None:
        """A table by name, `{schema: s, table: t}`, or (with ``query``) a query."""
        if node is None:
            return None
        if isinstance(node, yaml.Mapping):
            body = self.entries(node, f"`{what}`", ("schema", "table", "sql") if query else ("schema", "table"))
            if query and "sql" in body:
                fragment = self.fragment(body["sql"], "sql", "query")
                return None if fragment is None else TableName(None, sql=fragment, span=node.span)
            name, schema = self.text(body.get("table"), "table"), self.text(body.get("schema"), "schema")
            if name is None:
                self.report(f"`{what}` names no table", node.span, help="write `{schema: s, table: t}`")
                return None
            return TableName(name, schema, span=node.span)
        text = self.text(node, what)
        if text is None:
            return None
        if query and text.lstrip().lower().startswith(SQL_STARTS):
            fragment = self.fragment(node, what, "query")
            return None if fragment is None else TableName(None, sql=fragment, span=node.span)
        return TableName(text, span=node.span)
