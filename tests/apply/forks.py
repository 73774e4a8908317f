"""Processes that apply a plan, to be killed or raced. Each is forked from one that has imported what they need: starting from nothing would
take longer than the apply."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.apply.building import apply

from assignrules.databases import Database, DatabaseProblem
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.postgres import Postgres
from assignrules.plan.file import read_plan
from assignrules.plan.model import Plan

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["duckdb", "psycopg", "sqlglot", "tests.apply.forks", "assignrules.sql"])


def fork(work: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """A process that runs a function of this module, and the line to it; it has said that it is ready."""
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=work, args=(there, *arguments))
    process.start()
    there.close()
    assert here.recv() == "ready"
    return process, here


def opened(address: str) -> Database:
    """The database of an address, or of a file's path."""
    return Postgres(address, wait=60) if address.startswith("postgresql") else DuckDB(Path(address), wait=60)


def address_of(database: Database) -> str:
    """What ``opened`` takes in another process."""
    if isinstance(database, Postgres):
        return database.address
    assert isinstance(database, DuckDB)
    return str(database.path)


def apply_until(line: Connection, address: str, file: Path, point: str) -> None:
    """Applies a plan, and dies by its own hand at a named point: no other process could hit it. It says when it begins and when it is
    done."""

    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    plan = _plan(file)
    line.send("ready")
    apply(opened(address), plan, on_stage=die)
    line.send("done")


def apply_with_room(line: Connection, address: str, file: Path, room: int) -> None:
    """Applies a plan where no file can grow beyond so many bytes; says the code of what went wrong."""
    plan = _plan(file)
    line.send("ready")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    try:
        apply(opened(address), plan)
    except DatabaseProblem as problem:
        line.send(problem.diagnostic.code)
    else:
        line.send("done")


def race(line: Connection, address: str, file: Path, user: str) -> None:
    """Applies a plan when it is told to go; says how it ended."""
    plan, database = _plan(file), opened(address)
    line.send("ready")
    line.recv()
    result = apply(database, plan, user=user)
    line.send((result.outcome.name, result.already, result.run, *(item.help for item in result.diagnostics)))


def _plan(file: Path) -> Plan:
    plan, problems = read_plan(file)
    assert plan is not None, problems
    return plan
