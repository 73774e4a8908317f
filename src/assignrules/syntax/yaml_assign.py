"""`assign` in the YAML form."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from assignrules.diagnostics import Span
from assignrules.syntax import tree
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax import yaml_values as forms
from assignrules.syntax.names import is_name
from assignrules.syntax.yaml_excerpt import written
from assignrules.syntax.yaml_keys import ASSIGN, DISTRIBUTE, LINE
from assignrules.syntax.yaml_reading import Entry, Reading, end_of

_NOT_CLAUSES = ("target", "member", "label", "amount")


def read_assign(reading: Reading, node: yaml.Node, span: Span) -> tree.Assign:
    """`assign: [{scenario: Dunning scenarios, lines: […], otherwise: keep}]`; the clauses in the order of the keys."""
    head = _target_key(node)
    given = reading.keys(node, ASSIGN, lambda key: key is head)
    target, heads = _heads(reading, node, head, given)
    clauses: list[tree.Clause] = []
    for key, entry in given.items():
        if key not in _NOT_CLAUSES:
            clauses += _clauses(reading, key, entry, given, target)
    if "amount" in given and "eligibility" not in given:
        reading.report("`amount` stands beside `eligibility`", given["amount"].key.span, code="E0102")
    if "keep" in given and "keep manual" in given:
        reading.twice("keep manual", given["keep manual"].span, given["keep"].span)
    return tree.Assign(target, heads, tuple(clauses), span)


def _target_key(node: yaml.Node) -> yaml.Scalar | None:
    """The key that is the target: of those that are no clause, the first that does not look like one."""
    if not isinstance(node, yaml.Mapping) or node.get("target") is not None:
        return None
    names = [key.name for key in ASSIGN.keys]
    others = [key for key, _ in node.entries if written(key) not in names and is_name(written(key))]
    strange = [key for key in others if not get_close_matches(written(key), names, n=1, cutoff=0.8)]
    return next(iter(strange or others), None)


def _heads(
    reading: Reading, node: yaml.Node, head: yaml.Scalar | None, given: dict[str, Entry]
) -> tuple[tree.Name, tuple[tree.Expression, ...]]:
    """The target, and the member and the label, as far as they are there."""
    heads: list[tree.Expression] = []
    if head is None:
        target = reading.name(given["target"].node, "target") if "target" in given else tree.Name("", node.span)
        if "target" not in given and isinstance(node, yaml.Mapping):
            help = "start it with the target, as in `scenario: Dunning scenarios` or `group: Risky`"
            place = node.entries[0][0].span if node.entries else node.span
            reading.report("an assign needs a target", place, help=help, code="E0102")
        if "member" in given:
            heads.append(reading.value(given["member"].node, "member", texts=True))
    else:
        target = tree.Name(written(head), head.span)
        value = next(value for key, value in node.entries if key is head) if isinstance(node, yaml.Mapping) else node
        if not (isinstance(value, yaml.Scalar) and value.value is None):
            heads.append(reading.value(value, written(head), texts=True))
        if "member" in given:
            help = f"write the member behind `{target.text}`"
            reading.report("`member` stands beside `target`", given["member"].key.span, help=help)
    if "label" in given:
        heads.append(reading.value(given["label"].node, "label", texts=True))
    return target, tuple(heads)


def _clauses(reading: Reading, key: str, entry: Entry, given: dict[str, Entry], target: tree.Name) -> list[tree.Clause]:
    node, span = entry.node, entry.span
    match key:
        case "lines":
            return [_line(reading, item, target) for item in reading.items(node, key)]
        case "otherwise":
            return [_otherwise(reading, entry, target)]
        case "distribute":
            return [_distribute(reading, entry, target)]
        case "add":
            return [tree.Add(reading.condition(node, key), span)]
        case "remove":
            return [tree.Remove(_condition_or_others(reading, node, key), span)]
        case "removal":
            return [tree.Removal(_condition_or_others(reading, node, key), span)]
        case "eligibility":
            amount = given.get("amount")
            return [tree.Eligibility(reading.condition(node, key), reading.amount(amount.node, "amount") if amount else None, span)]
        case "where":
            return [tree.Where(reading.condition(node, key), span)]
        case "except":
            return [tree.Except(reading.condition(node, key), span)]
        case "keep":
            if not (isinstance(node, yaml.Scalar) and node.value == "manual"):
                other = f", not `{written(node)}`" if isinstance(node, yaml.Scalar) and node.value is not None else ""
                help = "write `keep: manual`; a value stays where no line holds by `otherwise: keep`"
                reading.report(f"only `manual` can stand behind `keep`{other}", node.span, help=help)
            return [tree.KeepManual(span)]
        case "keep manual":
            return [tree.KeepManual(span)] if reading.flag(node, key) else []
        case "disabled":
            return [tree.Disabled(span)] if reading.flag(node, key) else []
        case "because":
            return [tree.Because(reading.text(node, key), span)]
        case "from":
            return [tree.From(reading.amount(node, key), span)]
        case "until":
            return [tree.Until(reading.amount(node, key), span)]
        case "priority":
            return [tree.Priority(reading.amount(node, key), span)]
        case _:
            return _worded(reading, key, entry)


def _line(reading: Reading, node: yaml.Node, target: tree.Name) -> tree.Line:
    given = reading.keys(node, LINE)
    span = node.span.to(end_of(node))
    value: tree.Expression = tree.Text("", span)
    if "value" in given:
        value = reading.value(given["value"].node, "value", texts=reading.holds_text.get(target.text))
    condition = reading.condition(given["to"].node, "to") if "to" in given else tree.Boolean(False, span)
    return tree.Line(value, condition, span)


def _otherwise(reading: Reading, entry: Entry, target: tree.Name) -> tree.Otherwise:
    node = entry.node
    kinds = [kind for kind in tree.OtherwiseKind if kind is not tree.OtherwiseKind.VALUE]
    if isinstance(node, yaml.Scalar):
        for kind in kinds:
            if node.value == kind.value:
                return tree.Otherwise(kind, None, entry.span)
    value = reading.value(node, "otherwise", texts=reading.holds_text.get(target.text))
    return tree.Otherwise(tree.OtherwiseKind.VALUE, value, entry.span)


def _condition_or_others(reading: Reading, node: yaml.Node, key: str) -> tree.Expression | None:
    if isinstance(node, yaml.Scalar) and node.value == "others":
        return None
    return reading.condition(node, key)


def _worded(reading: Reading, key: str, entry: Entry) -> list[tree.Clause]:
    """The clauses that are written as in a rule file."""
    clause = reading.clause(entry.node, key, f"assign x {key} ", _only_clause)
    match clause:
        case None:
            return []
        case tree.Guard():
            text = forms.guard_text(clause)
        case tree.Cooldown():
            text = forms.cooldown_text(clause)
        case tree.Limit():
            text = forms.limit_text(clause)
        case _:
            raise AssertionError(f"`{key}` is read elsewhere")
    reading.keep_clause(entry.node, text)
    return [replace(clause, span=entry.span)]


def _only_clause(statement: tree.Statement) -> tree.Clause | None:
    if isinstance(statement, tree.Assign) and len(statement.clauses) == 1 and not statement.heads:
        return statement.clauses[0]
    return None


def _rhythm(reading: Reading, node: yaml.Node) -> tree.Rhythm | None:
    scalar = reading.scalar(node, "`per`")
    word = None if scalar is None else str(scalar.value)
    if scalar is not None and word not in {rhythm.value for rhythm in tree.Rhythm}:
        reading.report(f"`{word}` is no period", scalar.span, help="write `week`, `month`, `quarter` or `year`")
        return None
    return None if word is None else tree.Rhythm(word)


def _distribute(reading: Reading, entry: Entry, target: tree.Name) -> tree.Distribute:
    node, span = entry.node, entry.span
    if isinstance(node, yaml.Scalar):
        clause = reading.clause(node, "distribute", "assign x distribute ", _only_clause)
        if isinstance(clause, tree.Distribute):
            reading.keep_clause(node, forms.distribute_text(clause))
            return replace(clause, span=span)
        return tree.Distribute(tree.Boolean(False, span), (), (), None, False, None, None, None, span)
    given = reading.keys(node, DISTRIBUTE)
    condition = reading.condition(given["where"].node, "where") if "where" in given else tree.Boolean(False, span)
    among: list[tree.Expression] = []
    if "among" in given:
        texts = reading.holds_text.get(target.text)
        among = [reading.value(item, "among", texts=texts, marked=True) for item in reading.items(given["among"].node, "among")]
    by: tuple[tree.Expression, ...] = ()
    if "by" in given:
        by = reading.expressions(given["by"].node, "by")
    for key, found in (("among", among), ("by", by)):
        if key in given and not found:
            reading.report(f"`{key}` is an empty list", given[key].key.span)
    together = reading.expression(given["keeping together"].node, "keeping together") if "keeping together" in given else None
    if together is not None and not isinstance(together, tree.Path):
        reading.report("`keeping together` names a link", given["keeping together"].node.span, help="write it as `legal_entity.parent`")
        together = None
    within = "within capacity" in given and reading.flag(given["within capacity"].node, "within capacity")
    close = reading.amount(given["within"].node, "within") if "within" in given else None
    moving = reading.amount(given["moving at most"].node, "moving at most") if "moving at most" in given else None
    per = _rhythm(reading, given["per"].node) if "per" in given else None
    if per is not None and moving is None:
        reading.report("`per` goes with `moving at most`", given["per"].key.span, help="say how many, as in `moving at most: 5%`")
    return tree.Distribute(condition, tuple(among), by, together, within, close, moving, per, span)
