"""A connection that dies in COMMIT, and several applies at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.apply.building import ONE_OF_EACH, apply, change, plan_of, postgres_store, state, store
from tests.apply.forks import address_of, fork, race

from assignrules.apply import Outcome
from assignrules.databases import DatabaseFailure
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.postgres import Postgres
from assignrules.diagnostics import has_errors
from assignrules.journal import chain, history
from assignrules.plan.file import write_plan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMMIT = b"COMMIT\0"


class CuttingProxy:
    """Passes bytes on between a client and a server's socket, until the client says COMMIT: then both connections end, after the server
    has done it or before it hears of it."""

    def __init__(self, server: str, folder: Path, *, deliver: bool) -> None:
        self.server, self.deliver = server, deliver
        self.cut = threading.Event()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(folder / ".s.PGSQL.5432"))
        self.socket.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, asking: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if asking and COMMIT in data:
                    if self.deliver:
                        self.cut.set()  # no answer passes from now on
                        target.sendall(data)
                        time.sleep(0.5)
                    self.cut.set()
                    for end in (source, target):
                        end.shutdown(socket.SHUT_RDWR)
                    return
                if not asking and self.cut.is_set():
                    return
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(database: Postgres, *, deliver: bool) -> Iterator[Postgres]:
    folder = Path(mkdtemp(prefix="arp"))
    parts = conninfo_to_dict(database.address)
    host = parts["host"]
    proxy = CuttingProxy(f"{host}/.s.PGSQL.5432", folder, deliver=deliver)
    try:
        yield Postgres(f"postgresql:///{parts['dbname']}?host={folder}&user={parts['user']}&schema={database.schema}")
        assert proxy.cut.is_set()
    finally:
        proxy.socket.close()
        rmtree(folder)


@pytest.mark.parametrize("deliver", [True, False])
def test_a_connection_cut_in_commit(deliver: bool) -> None:  # F3
    database = postgres_store()
    plan = plan_of(database, ONE_OF_EACH)
    before = state(database)
    with proxied(database, deliver=deliver) as through, pytest.raises(DatabaseFailure) as raised:
        apply(through, plan)
    assert "it is not known whether they are" in raised.value.diagnostic.message
    assert raised.value.diagnostic.help == "apply the same plan again: it says whether it is already applied"
    until = time.monotonic() + 10
    while not deliver and time.monotonic() < until:  # the server notices that nobody is there
        with database.reading() as session:
            if session.fetch("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]:
                break
        time.sleep(0.05)
    if not deliver:
        assert state(database) == before
    result = apply(database, plan)
    assert (result.outcome, result.run, result.already) == (Outcome.APPLIED, 1, deliver)
    with database.reading() as session:
        assert len(history.runs(session)) == 1
        assert not has_errors(chain.verify(session, result.head))


@pytest.mark.parametrize("name", ["duckdb", "postgres"])
@pytest.mark.parametrize("count", [2, 8])
def test_of_several_applies_one_wins(name: str, count: int, tmp_path: Path) -> None:  # F4
    database = postgres_store() if name == "postgres" else store(tmp_path)
    for word in ("one", "two"):
        changes = [change("scenario", "C2", None, word, "set"), change("scenario", "C4", None, word, "set")]
        write_plan(plan_of(database, changes), tmp_path / f"{word}.plan")
    racers = []
    for number in range(count):
        word = ("one", "two")[number % 2]
        _, line = fork(race, address_of(database), tmp_path / f"{word}.plan", f"racer {number}")
        racers.append((word, line))
    for _, line in racers:
        line.send("go")
    said = [(word, line.recv()) for word, line in racers]
    winners = [word for word, words in said if words[:3] == ("APPLIED", False, 1)]
    assert len(winners) == 1, said
    for word, words in said:
        if word == winners[0]:
            assert words[0] == "APPLIED", said
        else:
            assert words[0] == "STALE"
            assert words[3].startswith("run 1 by `racer "), said
    with database.reading() as session:
        assert len(history.runs(session)) == 1
        assert not has_errors(chain.verify(session))
    assert isinstance(database, DuckDB | Postgres)
    assert {row[1] for row in state(database)["assignrules_target_scenario"] if row[0] in ("C2", "C4")} == set(winners)
