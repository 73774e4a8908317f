"""Rule packs: what `use` brings in, under which names, and what is said where it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent

import pytest

from assignrules.check import Checked, check_files
from assignrules.diagnostics import Diagnostic, SourceFile
from assignrules.ir.digest import ruleset_digest
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.values import printed
from assignrules.resolve.packs import Pack
from assignrules.schema.logical import credit


class InMemory:
    """Packs of one file each, by name."""

    def __init__(self, packs: Mapping[str, str]) -> None:
        self.packs = packs

    def find(self, name: str) -> Pack | None:
        text = self.packs.get(name)
        return None if text is None else Pack((SourceFile(f"rulesets/{name}/rules.rules", dedent(text)),))

    def names(self) -> Sequence[str]:
        return sorted(self.packs)


def checked(rules: str, params: Mapping[str, str] | None = None, **packs: str) -> Checked:
    return check_files([SourceFile("main.rules", dedent(rules))], credit(), params=params, packs=InMemory(packs))


def ruleset(rules: str, params: Mapping[str, str] | None = None, **packs: str) -> Ruleset:
    done = checked(rules, params, **packs)
    assert done.ruleset is not None, done.diagnostics
    return done.ruleset


def errors(rules: str, **packs: str) -> tuple[Diagnostic, ...]:
    done = checked(rules, **packs)
    assert done.ruleset is None
    return done.diagnostics


def own(rules: Ruleset) -> set[tuple[str, str]]:
    return {key for key, definition in rules.definitions.items() if definition.span is not None}


def params(rules: Ruleset) -> dict[str, object]:
    return {name: printed(literal.value) for name, literal in rules.params.items()}


# One of everything that names something or means a name: each on two entities at least, through links, aggregates and `this`.
EVERYTHING = """
    param floor_: money = 10 EUR
    param member: text = "Big"
    param far: duration = 5 days
    define size = outstanding
    define land on documents = (case when open_amount > floor_ then customer.country otherwise "none")
    define heavy on legal_entity = any(customers where size > floor_ and country = this.country and this.known)
    define known on legal_entity = any(customers where legal_entity.heavy_parent)
    define knit on legal_entity = any(customers where count(this.guarantees where amount > floor_ and this.heavy) > 0)
    define heavy_parent on legal_entity = parent.parent.country = "FR" and sum(size over parent.customers) > floor_
    define near on documents = any(customer.documents where open_amount > this.open_amount and this.land = land and due_date in last far)
    search big "Big ones" where size >= floor_ and any(documents where land = "FR" and not near)
    search brotherly where every(legal_entity.customers where size > 0 satisfies points_of >= 5)
    score points_of "Points"
      base 5
      points 3 when big
      points by sum(open_amount over documents where near): up to floor_ is 1, above is 2
      class "A" from 5
      class otherwise "B"
    score rated on legal_entity
      points count(customers where points_of.class = "A") when heavy
    search first where size > floor_ top 5 by size per points_of.class
    assign group (member)
      add    big and points_of.class = "A"
      remove others
      guard at most 20%
      because "{size} and { points_of.class } of {legal_entity.country} in {{size}}, {legal_entity.heavy}"
    assign portfolio "P"
      add    in group (member) and legal_entity.rated > 0
    assign document_status
      "seen" to near
    require "None" no customers where brotherly and in group (member)
    assign collector
      distribute big among ((member), "other") by size, 1 keeping together legal_entity.parent within 10% moving at most 5%
      limit 3 changes by size per points_of.class
    alert loud "Loud" on documents level high for risk
      where near and customer.big
      show customer.size, land, customer.points_of as near order by near descending, customer.size, land
    report sizes "Sizes" where big
      group by points_of.class
      show sum(size) as big, count() as n, sum(count(documents where near)), max(size where big) order by big, n descending, points_of.class
    propose "Look at it" on legal_entity to heavy amount sum(size over customers) show rated as heavy, known
      because "{rated}" cooldown far
    scenario "Soft" step 5 days before due: email "near" automatic
"""


def test_an_alias_changes_names_and_nothing_else() -> None:
    plain, alias = ruleset('use "e"', e=EVERYTHING), ruleset('use "e" as pq', e=EVERYTHING)
    assert {(entity, f"pq.{name}") for entity, name in own(plain)} == own(alias)
    assert {f"pq.{name}" for name in params(plain)} == set(params(alias))

    def parts(rules: Ruleset) -> object:
        definitions = sorted((key, item.expression, item.type, item.label) for key, item in rules.definitions.items() if item.span)
        written = (rules.assignments, rules.requirements, rules.alerts, rules.reports, rules.proposals, rules.scenarios)
        return rules.params, definitions, rules.order, written

    bare = without_alias(parts(alias))
    assert bare == without_alias(parts(plain))
    assert bare != without_alias(parts(ruleset('use "e"', e=EVERYTHING.replace("land = land", "land != land"))))


def without_alias(parts: object) -> str:
    """What the parts say, without the alias."""
    return repr(parts).replace("pq.", "")


def test_a_pack_is_resolved_as_if_it_stood_in_the_project() -> None:
    rules = "param a: integer = 1\ndefine x = a + 1\n"
    assert ruleset_digest(ruleset(rules)) == ruleset_digest(ruleset('use "p"', p=rules))
    assert ruleset_digest(ruleset(rules.replace("= 1", "= 2"))) == ruleset_digest(ruleset('use "p" with a = 2', p=rules))
    assert ruleset_digest(ruleset(rules)) != ruleset_digest(ruleset('use "p" with a = 2', p=rules))


def expression(rules: Ruleset, name: str, entity: str = "customer") -> str:
    return repr(rules.definitions[entity, name].expression)


def test_the_packs_own_names_come_first() -> None:
    """Before the project's, the built-in ones and those of the schema; but only on the entity where the pack has them."""
    pack = """
        define outstanding = 1 EUR
        define country on documents = "of the document"
        define x = outstanding + legal_entity.exposure
        define y = country
        define z = any(documents where country = customer.country)
        define exposure on documents = 2 EUR
    """
    found = ruleset('use "p" as a\ndefine x = outstanding', p=pack)
    assert "'a.outstanding'" in expression(found, "a.x") and "'exposure'" in expression(found, "a.x")
    assert "Field(entity='customer', name='country'" in expression(found, "a.y")
    assert "'a.country'" in expression(found, "a.z") and "Field(entity='customer', name='country'" in expression(found, "a.z")
    assert "'a." not in expression(found, "x")
    assert found.definitions["customer", "outstanding"].span is None, "a pack under an alias replaces nothing built in"
    replaced = checked('use "p"', p="define outstanding = 1 EUR").diagnostics
    assert [item.code for item in replaced] == ["W0201"]


def test_a_field_comes_before_a_parameter_of_its_name() -> None:
    found = ruleset('use "p" as a', p='param number: text = "F1"\ndefine x on documents = number\ndefine y = number')
    assert "Field(entity='document', name='number'" in expression(found, "a.x", "document")
    assert "'F1'" in expression(found, "a.y")


def test_the_project_reads_a_packs_names_through_links_and_in_reasons() -> None:
    found = ruleset(
        """
        use "p" as a
        define x on documents = customer.a.big and any(customer.legal_entity.customers where a.rated.class = "A" or this.customer.a.big)
        assign risk_class
          (a.rated.class) to a.big
          because "{a.rated} {a.limit_}"
        """,
        p='param limit_: integer = 3\nsearch big where true\nscore rated base 5 class "A" from 3 class otherwise "B"',
    )
    assert {"'a.big'", "'a.rated.class'"} <= set(expression(found, "x", "document").replace("=", " ").replace(",", " ").split())


def test_packs_use_packs() -> None:
    found = ruleset(
        'use "outer" as o with level = our_level\nparam our_level: integer = 4\nsearch s where o.i.low and o.both',
        outer="""
            param level: integer = 1
            use "inner" as i with height = level, text_ = "outer"
            use "flat"
            search both where i.low and ground
        """,
        inner="""
            param height: integer = 2
            param text_: text = "inner"
            search low where payment_terms_days < height
        """,
        flat='search ground where country = "NL"',
    )
    assert own(found) == {("customer", name) for name in ("s", "o.both", "o.i.low", "o.ground")}
    assert params(found) == {"our_level": 4, "o.level": 4, "o.i.height": 4, "o.i.text_": "outer"}


def test_a_parameter_is_set_from_outside_by_its_whole_name() -> None:
    packs = {"p": "param a: integer = 1", "q": 'use "p" as inner with a = 2'}
    assert params(ruleset('use "q" as x', **packs)) == {"x.inner.a": 2}
    assert params(ruleset('use "q" as x', {"x.inner.a": "3"}, **packs)) == {"x.inner.a": 3}
    assert params(ruleset('use "p"', {"a": "3"}, **packs)) == {"a": 3}


def test_what_a_with_says_outside_wins_over_one_inside() -> None:
    packs = {"p": "param a: integer = 1", "q": 'use "p" with a = 2'}
    assert params(ruleset('use "q"', **packs)) == {"a": 2}
    assert params(ruleset('use "q" with a = 3', **packs)) == {"a": 3}


@pytest.mark.parametrize(
    ("rules", "packs", "code", "message", "help"),
    [
        ('use "q"', {"p": ""}, "E0211", "unknown rule pack `q`", "rule packs are `p`"),
        ('use "nd_covr"', {"nd_cover": ""}, "E0211", "unknown rule pack `nd_covr`", "did you mean `nd_cover`?"),
        ('use "../p"', {"../p": ""}, "E0212", "`../p` is no name of a rule pack", "rulesets"),
        ('use "a/p"', {"a/p": ""}, "E0212", "`a/p` is no name of a rule pack", "rulesets"),
        ('use ".."', {"..": ""}, "E0212", "`..` is no name", "rulesets"),
        ('use ""', {"": ""}, "E0212", "`` is no name", "rulesets"),
        ('use "p" with b = 1', {"p": "param a: integer = 1"}, "E0206", "rule pack `p` has no parameter `b`", "its parameters are `a`"),
        ('use "p" with larg = 1', {"p": "param large: integer = 1"}, "E0206", "no parameter `larg`", "did you mean `large`?"),
        ('use "p" with a = 1', {"p": ""}, "E0206", "no parameter `a`", "it has none"),
        ('use "p" with a = "x"', {"p": "param a: integer = 1"}, "E0310", "parameter `a` is of type integer", "60"),
        ('use "p" with a = b', {"p": "param a: integer = 1"}, "E0312", "needs a constant or a parameter", "60"),
        ('use "p" with a = b\nparam b: text = "x"', {"p": "param a: integer = 1"}, "E0310", "and `b` of type text", "60"),
        ('use "p" with a = b, b = a', {"p": "param a: integer = 1\nparam b: integer = 2"}, "E0401", "in a circle: `a` → `b` → `a`", None),
        ('use "p"\nuse "p"', {"p": ""}, "E0213", "rule pack `p` is used twice", 'use "p" as other'),
        ('use "p" as a\nuse "q" as a', {"p": "", "q": ""}, "E0213", "two rule packs are used as `a`", 'use "q" as other'),
        ('use "p"\nuse "q"', {"p": 'use "q"', "q": ""}, "E0213", "rule pack `q` is used twice", 'use "q" as other'),
        ('use "p" as policy', {"p": ""}, "E0204", "`policy` is already a link of", "another name"),
        ('use "p" as collector', {"p": ""}, "E0204", "`collector` is already a link of customer", "another name"),
        ('use "p"', {"p": 'use "q"', "q": 'use "p"'}, "E0413", "in a circle: `p` → `q` → `p`", "one of them"),
        ('use "o"', {"o": 'use "p"', "p": 'use "p"'}, "E0413", "in a circle: `p` → `p`", "one of them"),
        (
            'use "p" as a\nsearch s where a.eligble',
            {"p": "search eligible where true"},
            "E0201",
            "`a.eligble`",
            "did you mean `a.eligible`?",
        ),
        ('use "p"\nsearch s where true', {"p": "search s where false"}, "E0204", "`s` is defined twice", "another name"),
    ],
)
def test_mistakes(rules: str, packs: Mapping[str, str], code: str, message: str, help: str | None) -> None:
    found = errors(rules, **{name: text or "search anything where true" for name, text in packs.items()})
    assert [item.code for item in found] == [code], found
    assert message in found[0].message
    assert found[0].span is not None
    assert help is None or (found[0].help is not None and help in found[0].help)


def test_mistakes_inside_a_pack_stand_in_its_file() -> None:
    found = errors('use "p" as a\nuse "p"', p="search s where\n  unheard_of\nsearch t wher true")
    assert {(item.code, item.span.file, item.span.line) for item in found if item.span} >= {("E0201", "rulesets/p/rules.rules", 2)}
    assert all(item.span is not None and item.span.file == "rulesets/p/rules.rules" for item in found)


def test_what_a_broken_pack_would_have_brought_is_missed_nowhere_else() -> None:
    assert [item.code for item in errors('use "q" as a\nsearch s where a.x or any(documents where customer.a.y)', p="")] == ["E0211"]
    assert len(errors('use "p" as a\nsearch s where a.x', p="search x wher true")) == 1
    assert len(errors('use "p" as a\nsearch s where a.x and a.y', p="search x wher true\nsearch y where true")) == 1


def test_without_a_finder_there_are_no_packs() -> None:
    found = check_files([SourceFile("main.rules", 'use "p"')], credit()).diagnostics
    assert [(item.code, item.help) for item in found] == [("E0211", "there is none here")]
