"""`schema`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assignrules.cli import exits
from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import colored, emit

if TYPE_CHECKING:
    from assignrules.project import Project


@click.command()
@click.argument("action", type=click.Choice(("check", "draft", "show", "grants")))
@click.option("-o", "--output", "file", type=PATH, metavar="FILE", help="Where `draft` writes the schema file; otherwise it is printed.")
@click.option("--reader", default="assignrules_reader", metavar="ROLE", help="In `grants`, the role that plans.", show_default=True)
@click.option("--writer", default="assignrules_writer", metavar="ROLE", help="In `grants`, the role that applies.", show_default=True)
@formats("text", "json")
@common
def schema(action: str, file: Path | None, reader: str, writer: str, format: str, options: Options) -> int:
    """Compare the schema file with the database, draft one, show what rules can speak of, or print what roles need.

    `check` verifies every table, column, type and SQL fragment, and counts data errors. `draft` reads the database's catalogue and writes
    a first schema file, guesses marked. `show` lists entities, fields, links and targets as they are mapped. `grants` prints SQL
    with which an owner of a PostgreSQL database gives two roles what they need, and nothing else.
    """
    from assignrules import api
    from assignrules.plan.whole import write_text

    project = options.open()
    match action:
        case "check":
            return _check(project, format, options)
        case "draft":
            text = api.draft_schema(project)
            if file is not None:
                write_text(file, text)
            if format == "json":
                from assignrules.report.diagnostics import document

                emit(document({"draft": text, "file": None if file is None else str(file)}))
            elif file is None:
                emit(text)
            if file is not None:
                options.say(f"wrote {file}: look at every guess, then run `assignrules schema check`")
            return exits.DONE
        case "grants":
            text = api.grants(project, reader=reader, writer=writer)
            if format == "json":
                from assignrules.report.diagnostics import document

                text = document({"reader": reader, "writer": writer, "sql": text})
            emit(text)
            return exits.DONE
        case _:
            from assignrules.report import schema as report

            mapping = api.schema_of(project)
            emit(report.as_json(mapping) if format == "json" else report.as_text(mapping))
            return exits.DONE


def _check(project: Project, format: str, options: Options) -> int:
    from assignrules import api
    from assignrules.diagnostics import has_errors
    from assignrules.report import diagnostics as report
    from assignrules.report.schema import problem_rows, problems_text

    if project.schema is None:
        options.say("the project has no schema file: its data is in the embedded store, which needs no mapping")
        if format == "json":
            emit(report.as_json((), rows={}, data_errors=[], data_warnings=[]))
        return exits.DONE
    found = api.check_schema(project)
    errors, warnings = ([item for item in found.problems if item.code[0] == letter] for letter in "EW")
    if format == "json":
        extra = {"rows": dict(found.rows), "data_errors": problem_rows(errors), "data_warnings": problem_rows(warnings)}
        emit(report.as_json((*found.rules, *found.diagnostics), **extra))
    else:
        text = report.as_text((*found.rules, *found.diagnostics), found.sources, color=colored(sys.stdout))
        emit(f"{text}\n" if text else "")
        emit("".join(f"{entity}: {count} rows\n" for entity, count in found.rows.items()))
        emit(problems_text(found.problems))
        verdict = "the schema file does not fit the database" if found.diagnostics else "the schema file fits the database"
        options.say(f"{verdict}, and its data has errors" if errors else verdict)
        if found.rules:
            options.say("the rules have errors, so the names that they give were not looked up")
    return exits.WRONG if has_errors(found.diagnostics) or errors or found.rules else exits.DONE


COMMANDS = (schema,)
