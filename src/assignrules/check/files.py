"""From the texts of rule files to a ruleset that may run, with every problem of every file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assignrules.check.clashes import clashes
from assignrules.check.implication import Implication
from assignrules.check.lints import check
from assignrules.check.silences import silenced
from assignrules.check.subject import Subject
from assignrules.check.swallowed import swallowed
from assignrules.diagnostics import Diagnostic, SourceFile, has_errors, in_file_order
from assignrules.ir.ruleset import Ruleset
from assignrules.resolve import resolve
from assignrules.resolve.packs import PackFinder
from assignrules.schema.logical import Schema
from assignrules.syntax import tree
from assignrules.syntax.yaml_form import read_rules


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking gives: the syntax trees, the ruleset (None with an error), and all diagnostics in file order."""

    files: tuple[tree.File, ...]
    ruleset: Ruleset | None
    diagnostics: tuple[Diagnostic, ...]


def check_files(
    sources: Iterable[SourceFile],
    schema: Schema,
    *,
    params: Mapping[str, str] | None = None,
    currency: str = "EUR",
    ignored_currencies: Iterable[str] = (),
    calendar: str | None = None,
    packs: PackFinder | None = None,
    whole_project: bool = True,
) -> Checked:
    """Parses, resolves and checks rule files. A file that does not parse still gives the statements that do, so one error hides no
    other. ``packs`` finds the rule packs that they use; their texts are not among the result's files. ``whole_project`` off: the files are
    some of a project's, so what they do not use may be used elsewhere."""
    problems: list[Diagnostic] = []
    files: list[tree.File] = []
    holds_text = schema.holds_text()
    sources = tuple(sources)
    for source in sources:
        file, found = read_rules(source, holds_text)
        files.append(file)
        problems.extend(found)
    parsed = not has_errors(problems)
    problems.extend(swallowed(sources))
    resolved, found = resolve(
        files, schema, params=params, currency=currency, ignored_currencies=ignored_currencies, calendar=calendar, packs=packs
    )
    problems.extend(found)
    problems.extend(clashes(resolved.blocks))
    ruleset = resolved.ruleset
    if ruleset is not None:
        # What a statement reads that does not parse, nobody knows.
        problems.extend(check(Subject(ruleset, tuple(files), schema, whole_project and parsed, Implication(ruleset.definitions))))
    done = ruleset if ruleset is not None and not has_errors(problems) else None
    return Checked(tuple(files), done, in_file_order(silenced(problems, files, sources, complete=done is not None)))
