"""W0403 and W0404: searches and parameters that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.resolve.names import entity_of
from assignrules.syntax import tree

# As long as rules decide and report nothing, people run the searches themselves.
USERS = (tree.Assign, tree.Propose, tree.Alert, tree.Report, tree.Require, tree.Hold)


def unused(subject: Subject) -> Iterator[Diagnostic]:
    """What another search reads is used, even where that search is not."""
    if not subject.whole_project:
        return
    read = subject.ruleset.origins.read
    handed_on = {name for statement in subject.statements() if isinstance(statement, tree.Use) for name in _handed_on(statement)}
    searches_matter = any(isinstance(statement, USERS) for statement in subject.statements())
    for statement in subject.statements():
        match statement:
            case tree.Search(name=name) if searches_matter:
                entity = entity_of(subject.schema, statement.entity, [])
                if entity is not None and (entity.name, name.text) not in read:
                    help = "leave it out, or say why it stays, as in `# allow W0403: we run it by hand`"
                    yield diagnostic("W0403", f"no rule uses search `{name.text}`", name.span, help=help)
            case tree.Param(name=name) if (None, name.text) not in read and name.text not in handed_on:
                yield diagnostic("W0404", f"no rule uses parameter `{name.text}`", name.span, help="leave it out")


def _handed_on(use: tree.Use) -> Iterator[str]:
    """The parameters whose values a rule pack gets."""
    for argument in use.arguments:
        value = argument.value
        while isinstance(value, tree.Parenthesised):
            value = value.operand
        if isinstance(value, tree.Path):
            yield ".".join(name.text for name in value.names)
