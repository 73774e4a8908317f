"""W0409: two searches, scores, blocks, alerts or reports of one label, which people cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, Related, Span, diagnostic
from assignrules.syntax import tree


def repeated_labels(subject: Subject) -> Iterator[Diagnostic]:
    """A warning at each label that an earlier statement of its kind has, case and outer blanks aside."""
    seen: dict[tuple[type[tree.Statement], str], Span] = {}
    labels = [(type(statement), label) for statement in subject.statements() if (label := _label(statement, subject)) is not None]
    for kind, label in sorted(labels, key=lambda item: (item[1].span.file, item[1].span.start)):
        first = seen.setdefault((kind, label.value.strip().casefold()), label.span)
        if first is not label.span:
            related = [Related(first, "first used here")]
            message = f'label "{label.value}" is used twice'
            yield diagnostic("W0409", message, label.span, help="give each its own, so that lists tell them apart", related=related)


def _label(statement: tree.Statement, subject: Subject) -> tree.Text | None:
    match statement:
        case tree.Search(label=label) | tree.Score(label=label) | tree.Alert(label=label) | tree.Report(label=label):
            return label
        case tree.Assign(target=target, heads=heads):
            known = subject.schema.targets.get(target.text)
            heads = heads[0 if known is not None and known.shape.value == "value" else 1 :]
            return heads[0] if heads and isinstance(heads[0], tree.Text) else None
        case _:
            return None
