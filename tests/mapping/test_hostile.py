"""Hostile fragments of a mapping, by the hundred: the list of what is allowed refuses each, and where one gets past it, a reading session
still cannot change anything. The harmless ones pass, and run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from tests.conftest import empty_postgres

from assignrules.databases import DatabaseFailure
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.postgres import Postgres, PostgresSession
from assignrules.schema.fragments import check_fragment, parsed
from assignrules.schema.physical import Fragment
from assignrules.sql.dialects import DIALECTS as SQL

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).with_name("fragments")
DIALECTS = ("duckdb", "postgres", "mysql")
ROLE = f"hostile_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
TABLES = (
    "CREATE TABLE customers (id INTEGER, name VARCHAR, status VARCHAR, active INTEGER, balance DECIMAL(18, 2), limit_amount DECIMAL(18, 2),"
    " rate DECIMAL(10, 4), due DATE, extra JSON)",
    "CREATE TABLE orders (id INTEGER, customer INTEGER, status VARCHAR, total DECIMAL(18, 2), due DATE)",
    """INSERT INTO customers VALUES (1, 'Alpha-1', 'A', 1, -5.50, 100, 1.25, DATE '2024-02-29', '{"code": "x"}'),"""
    " (2, NULL, 'now', 0, NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO orders VALUES (1, 1, 'A', 10, DATE '2024-01-01'), (2, 1, 'B', 20.50, NULL)",
    "CREATE SEQUENCE numbers",
)
# What DuckDB would be busy with until somebody interrupts it: it knows no time-out.
ENDLESS = re.compile(r"1000000000|1000 \* 1000|sleep|RECURSIVE|REPEAT\(REPEAT", re.IGNORECASE)
# PostgreSQL's statements are ended after this time: some fragments would sleep, or never end.
MILLISECONDS = 30
# What a database has alone: elsewhere it says that it cannot run it.
UNTRANSLATED = re.compile(r"(ELT|FIELD|FIND_IN_SET|SUBSTRING_INDEX|TO_DAYS|STRIP_ACCENTS|TRY_CAST)\(")
SECRET = "TOP SECRET"


class Listed(NamedTuple):
    """A fragment of a file, and words of the message that refuses it."""

    kind: str
    dialects: tuple[str, ...]
    words: str
    text: str


def listed(name: str) -> list[Listed]:
    found, head = [], ("", "", "")
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            kind, dialects, words = (*line[3:].split(": ", 2), "")[:3]
            head = (kind, dialects, words)
        elif line and not line.startswith("# "):
            found.append(Listed(head[0], tuple(head[1].split()), head[2], line.replace("⏎", "\n")))
    return found


HOSTILE, HARMLESS = listed("hostile.txt"), listed("harmless.txt")


def of(fragments: list[Listed], dialect: str) -> list[Listed]:
    return [item for item in fragments if dialect in item.dialects]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_hostile_fragments_are_refused(dialect: str, capfd: pytest.CaptureFixture[str]) -> None:  # S2
    wrong = []
    for item in of(HOSTILE, dialect):
        problems = check_fragment(Fragment(item.text), item.kind, dialect, ("as_of",))
        if [problem.code for problem in problems] != ["E0221"] or not re.search(item.words, problems[0].message):
            wrong.append((item.kind, item.text, [problem.message for problem in problems]))
    assert not wrong
    assert capfd.readouterr() == ("", ""), "the parser's own log is nobody's business"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_harmless_fragments_are_let_through(dialect: str) -> None:
    wrong = []
    for item in of(HARMLESS, dialect):
        problems = check_fragment(Fragment(item.text), item.kind, dialect, ("as_of",))
        if problems:
            wrong.append((item.text, problems[0].message))
    assert not wrong


def test_there_are_enough_of_them() -> None:
    for dialect in DIALECTS:
        assert len({(item.kind, item.text) for item in of(HOSTILE, dialect)}) >= 100
        assert len({(item.kind, item.text) for item in of(HARMLESS, dialect)}) >= 40


@pytest.mark.parametrize(
    "text",
    [
        "a" + "::int" * 3000,
        "a" + " BETWEEN 1 AND 2" * 1100,
        "x" + " NOT IN (1)" * 1600,
        "NOT " * 4000 + "true",
        "a" + "||a" * 6000,
        "{'a':" * 2000 + "1" + "}" * 2000,
        "CASE WHEN 1 = 1 THEN " * 900 + "1" + " END" * 900,
        "(" * 500 + "1" + ")" * 500,
        "a" * 20_001,
        "'a\0b'",
        "'\ud800'",
        "",
        "  \n",
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_fragments_that_break_parsers(text: str) -> None:  # S2, S5
    for dialect in DIALECTS:
        assert [problem.code for problem in check_fragment(Fragment(text), "value", dialect, ())] == ["E0221"]


# --- the second wall ---


def statements(item: Listed) -> list[str]:
    """The statements that a fragment would be a part of, if nobody had looked at it."""
    match item.kind:
        case "value":
            return [item.text, f"SELECT ({item.text}) FROM customers AS self"]
        case "join":
            return [f"SELECT 1 FROM customers AS self {item.text}"]
        case _:
            return [item.text, f"SELECT * FROM ({item.text}) AS self"]


def attack(item: Listed, start: Callable[[], None], run: Callable[[str], object], folder: Path) -> None:
    """Runs what a fragment would be a part of, each in a transaction of its own; whatever it gives, it gives nothing away."""
    for sql in statements(item):
        start()
        try:
            given = run(sql.replace("/tmp/stolen", str(folder / "stolen")))
        except DatabaseFailure:
            continue
        assert "root:" not in str(given) and SECRET not in str(given), sql


def test_no_fragment_changes_a_duckdb_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # S2, P6, P10
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets.csv").write_text(f"a,b\n1,{SECRET}\n")
    database = DuckDB(tmp_path / "company.duckdb")
    with database.writing(create=True) as session:
        for sql in TABLES:
            session.execute(sql)
        session.commit()

    def fingerprint() -> dict[str, str]:
        return {path.name: sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}

    before = fingerprint()
    with database.reading() as session:

        def start() -> None:
            session.roll_back()
            session.begin(read_only=True)

        for item in of(HOSTILE, "duckdb"):
            if not ENDLESS.search(item.text) and not item.words.startswith("empty"):
                attack(item, start, session.fetch, tmp_path)
    assert fingerprint() == before


@pytest.fixture
def company() -> Iterator[Postgres]:
    """A database whose tables belong to a user who may do everything with them, and is connected."""
    owner = empty_postgres("hostile")

    def forget() -> None:
        with owner.connected() as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC")
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = $1", [ROLE]).fetchone():
                connection.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")

    forget()
    with owner.connected() as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN; GRANT ALL ON DATABASE {connection.info.dbname} TO {ROLE}")
        connection.execute(f"SET ROLE {ROLE}; {'; '.join(TABLES)}")
    yield Postgres(owner.address.replace("user=tester", f"user={ROLE}"))
    forget()


FINGERPRINT = (
    "SELECT array_agg(c::text ORDER BY id) FROM customers AS c",
    "SELECT array_agg(o::text ORDER BY id) FROM orders AS o",
    "SELECT last_value, is_called FROM numbers",
    "SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
    "SELECT count(*) FROM pg_proc",
    "SELECT count(*) FROM pg_largeobject_metadata",
    "SELECT count(*) FROM pg_extension",
    "SELECT count(*) FROM pg_db_role_setting",
    "SELECT count(*) FROM pg_auth_members",
    "SELECT count(*) FROM pg_replication_slots",
    "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()",
)


def test_no_fragment_changes_a_postgres_database(company: Postgres, tmp_path: Path) -> None:  # S2, P6, P10
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o777)  # the server could write there

    def fingerprint() -> list[Any]:
        with psycopg.connect(company.address) as connection:
            return [connection.execute(sql).fetchall() for sql in FINGERPRINT]

    before = fingerprint()
    with company.connected() as connection:
        session = PostgresSession(company, connection, read_only=True)

        def start() -> None:
            connection.execute("ROLLBACK")
            session.begin(1)
            session.fetch(f"SET LOCAL statement_timeout = {MILLISECONDS}")

        for item in of(HOSTILE, "postgres"):
            attack(item, start, session.fetch, tmp_path)
    assert fingerprint() == before
    assert not list(tmp_path.iterdir())


def test_harmless_fragments_run(company: Postgres, tmp_path: Path) -> None:
    database = DuckDB(tmp_path / "company.duckdb")
    with database.writing(create=True) as session:
        for sql in TABLES:
            session.execute(sql)
        session.commit()
    with database.reading() as there, company.connected() as connection:
        session = PostgresSession(company, connection, read_only=True)
        wrong = [
            (dialect, sql, problem)
            for dialect, start, run in (
                ("duckdb", lambda: (there.roll_back(), there.begin(read_only=True)), there.fetch),
                ("postgres", lambda: (connection.execute("ROLLBACK"), session.begin(1)), session.fetch),
            )
            for item in HARMLESS
            for written in item.dialects
            if written == dialect or not UNTRANSLATED.match(item.text)
            for sql, problem in ran(item, written, dialect, start, run)
        ]
    assert not wrong


def ran(item: Listed, written: str, dialect: str, start: Callable[[], object], run: Callable[[str], object]) -> Iterator[tuple[str, str]]:
    """The statement that a fragment is a part of, and why it fails, where it does."""
    tree = parsed(item.text.replace(":as_of", "DATE '2024-02-29'"), item.kind, written).copy()
    tree = tree if written == dialect else SQL[dialect].translated(tree)
    sql = tree.sql(dialect=dialect)
    if item.kind == "join":
        sql = sql.replace("FROM self", "FROM customers AS self")
    elif item.kind == "value":
        sql = f"SELECT COUNT(v) FROM (SELECT ({sql}) AS v FROM customers AS self) AS t"
    start()
    try:
        run(sql)
    except DatabaseFailure as error:
        yield sql, str(error)
