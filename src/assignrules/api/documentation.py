"""The ruleset as pages that people can walk through."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from assignrules import project as projects
from assignrules.api.opened import logical_schema
from assignrules.api.problems import Problems
from assignrules.api.rules import check
from assignrules.project import Project


def docs(project: Project) -> Mapping[str, str]:
    """The pages of a static site of the project's rules, by the names of their files. No database is opened, and no day matters."""
    from assignrules.report.site import Described, site_pages
    from assignrules.resolve.packs import expand_packs
    from assignrules.syntax.yaml_form import read_rules

    report = check(project)
    if report.ruleset is None:
        raise Problems(report.diagnostics, report.sources)
    schema = logical_schema(project)
    packs = projects.pack_folders(project)
    sources, _ = projects.rule_sources(project)
    own = tuple(read_rules(source, schema.holds_text())[0] for source in sources)
    files = expand_packs(own, packs, schema, []).files
    texts = {**packs.sources, **{source.name: source for source in sources}}
    return site_pages(Described(project.name, report.ruleset, files, texts, schema, report.diagnostics))


def write_docs(pages: Mapping[str, str], folder: str | os.PathLike[str]) -> None:
    """Writes a site into a folder of its own, whole or not at all; an older one of it is replaced."""
    from assignrules.report.site_folder import write_site

    problems = write_site(pages, Path(folder))
    if problems:
        raise Problems(problems)
