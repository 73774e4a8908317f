"""Reads files into the embedded store, in one transaction and set-based.

A DuckDB store reads the files itself. For a server the same statements read them into a DuckDB file that is thrown away, and what passed
goes on as CSV: the same rows are rejected for the same reasons, and no row passes through Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from assignrules.databases.base import Database, DatabaseFailure, Session, quoted
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.embedded import create_store, entity_columns, lock, note_load
from assignrules.databases.postgres import Postgres
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.ir.calendars import Calendars
from assignrules.ir.types import Kind
from assignrules.load.cells import CURRENCY_TABLE, Cell, currency_cell, money_cell, text_cell, typed_cell, why_rejected
from assignrules.load.files import (
    RATES,
    DataFile,
    check_columns,
    find_files,
    first_line_that_is_not_utf8,
    line_of_byte,
    needed,
    places,
    read_header,
    read_sheet,
    same_columns,
)
from assignrules.schema.calendars import known_calendar, public_holidays
from assignrules.schema.logical import Schema
from assignrules.schema.mapping import identity
from assignrules.syntax.currencies import CURRENCIES

LISTED = 20  # rejected rows of a file that are described
ROW = "stage_row"  # the number of a staged row, from 1


@dataclass(frozen=True, slots=True)
class EntityLoad:
    """An entity whose rows a file replaced (or would have): how many there were, and how many the file has."""

    entity: str
    file: str
    before: int
    after: int
    rejected: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """``loaded`` is false where anything was rejected: then nothing was written, and ``diagnostics`` say why. ``left_out``: the sheets of
    the workbooks that hold rows of no entity."""

    loaded: bool
    entities: tuple[EntityLoad, ...]
    diagnostics: tuple[Diagnostic, ...]
    left_out: tuple[str, ...] = ()

    @property
    def rejected(self) -> int:
        """How many rows of all files were rejected."""
        return sum(item.rejected for item in self.entities)


def load(paths: Iterable[Path], database: Database, schema: Schema, currency: str, calendars: Calendars | None = None) -> LoadReport:
    """Replaces the rows of each entity that has a file; entities without one, and the state of targets, stay.

    A file is CSV (UTF-8, RFC 4180, separated by comma, semicolon or tab) or Parquet, named like its entity; or an Excel workbook, with a
    sheet for each entity that is named like it, or named like the entity of its first sheet. Its header holds logical names;
    a link holds the business key of the other row. ``currency`` is that of a bare amount in a file without a column ``currency``.
    ``calendars``: their public holidays are filled in where no file ever gave any. Raises ``DatabaseProblem`` where the store cannot be
    opened or written.
    """
    found = find_files(paths, schema)
    problems = found.problems
    ready: list[DataFile] = []
    with TemporaryDirectory(prefix="assignrules-") as folder:
        for number, file in enumerate(found.files):
            checked: DataFile | None = file
            more: tuple[Diagnostic, ...] = ()
            if file.sheet is not None:
                checked, more = read_sheet(file, schema, Path(folder) / f"{number}.csv")
            elif file.is_csv:
                checked, more = read_header(file, schema)
            problems += more
            if checked is not None:
                ready.append(checked)
        if problems:
            return LoadReport(False, (), problems, found.left_out)
        return replace(_load_ready(ready, database, schema, currency, calendars or Calendars()), left_out=found.left_out)


def _load_ready(files: list[DataFile], database: Database, schema: Schema, currency: str, calendars: Calendars) -> LoadReport:
    if isinstance(database, Postgres):
        return _load_into_server(files, database, schema, currency, calendars)
    with database.writing(tuple(file.read for file in files), create=True) as session:
        report = _load_all(session, files, schema, currency)
        if report.loaded:
            fill_holidays(session, schema, calendars)
            _note(session, report.entities)
            session.commit()
    return report


def _note(session: Session, loads: Iterable[EntityLoad]) -> None:
    """Notes when the rows came, for the guard on their age."""
    for item in loads:
        note_load(session, item.entity, datetime.now(UTC))


def _load_all(session: Session, files: list[DataFile], schema: Schema, currency: str) -> LoadReport:
    create_store(session, schema)
    lock(session)
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {CURRENCY_TABLE} AS SELECT unnest($codes::VARCHAR[]) AS code", {"codes": sorted(CURRENCIES)}
    )
    loads: list[EntityLoad] = []
    problems: tuple[Diagnostic, ...] = ()
    for file in files:
        try:
            done, more = _load_file(session, file, schema, currency)
        except _Unreadable as error:
            problems += (error.diagnostic,)
            break  # the failed statement has ended the transaction
        problems += more
        if done is not None:
            loads.append(done)
    return LoadReport(not problems, tuple(loads), problems)


def _load_into_server(files: list[DataFile], database: Postgres, schema: Schema, currency: str, calendars: Calendars) -> LoadReport:
    with database.reading():
        pass  # a server that cannot be reached is told of before the files are read
    with TemporaryDirectory(prefix="assignrules-") as folder:
        rows = Path(folder) / "rows.csv"
        place = str(rows).replace("'", "''")
        paths = (*(file.read for file in files), rows)
        with DuckDB(Path(folder) / "read.duckdb").writing(paths, create=True) as reader:
            report = _load_all(reader, files, schema, currency)
            with database.writing(create=True) as session:
                create_store(session, schema)
                lock(session)
                tables = [identity(schema).entities[item.entity] for item in report.entities]
                before = [_count(session, quoted(item.table)) for item in tables]
                loads = tuple(replace(item, before=count) for item, count in zip(report.entities, before, strict=True))
                report = replace(report, entities=loads)
                if not report.loaded:
                    return report
                for item in tables:
                    columns = list(entity_columns(schema, item))
                    names = ", ".join(quoted(name) for name in columns)
                    form = "FORMAT csv, HEADER false, FORCE_QUOTE *, USE_TMP_FILE false"
                    reader.execute(f"COPY (SELECT {names} FROM {quoted(item.table)}) TO '{place}' ({form})")
                    session.execute(f"DELETE FROM {quoted(item.table)}")
                    session.copy_csv(item.table, columns, rows)
                fill_holidays(session, schema, calendars)
                _note(session, report.entities)
                session.commit()
    return report


def _load_file(session: Session, file: DataFile, schema: Schema, currency: str) -> tuple[EntityLoad | None, tuple[Diagnostic, ...]]:
    stage = f"stage_{file.entity.name}"
    staged, problems = _stage(session, stage, file, schema)
    if staged is None:
        return None, problems
    file, cells = staged
    rejects = _rejects(session, stage, file, cells, currency)
    table = quoted(file.mapping.table)
    before = _count(session, table)
    after = _count(session, quoted(stage))
    load = EntityLoad(file.entity.name, file.name, before, after + rejects.misshapen, rejects.count)
    if rejects.count:
        return load, rejects.diagnostics
    values = [value for cell in cells for value in cell.values]
    columns, forms = ", ".join(quoted(name) for name, _ in values), ", ".join(form for _, form in values)
    session.execute(f"DELETE FROM {table}")
    sql = f"INSERT INTO {table} ({columns}) SELECT {forms} FROM {quoted(stage)}"
    session.execute(sql, _bound(sql, currency))
    session.execute(f"DROP TABLE {quoted(stage)}")
    return load, ()


class _Unreadable(Exception):
    """A file whose form the database cannot read at all."""

    def __init__(self, file: DataFile, error: DatabaseFailure) -> None:
        super().__init__(file.name)
        text = str(error).replace(str(file.path.absolute()), file.name)
        reason, way = text.removeprefix("the database failed: "), "save it again, as CSV or Parquet"
        if "state machine" in text:
            reason, way = "its line ends are mixed, or its quotes do not close", "save it again as CSV (RFC 4180) with one kind of line end"
        self.diagnostic = diagnostic("E0509", f"`{file.name}` cannot be read: {reason}", help=way)


_Staged = tuple[DataFile, tuple[Cell, ...]]


def _stage(session: Session, stage: str, file: DataFile, schema: Schema) -> tuple[_Staged | None, tuple[Diagnostic, ...]]:
    """The file's cells as texts, in a temporary table; the file with its header, and the header's columns."""
    path = {"path": str(file.read)}
    into = f"CREATE OR REPLACE TEMP TABLE {quoted(stage)} AS SELECT row_number() OVER () AS {ROW}, "
    try:
        if file.is_csv:
            columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in file.header)
            cells = tuple(_cells(file))
            staged = ", ".join(f"{cell.staged} AS {quoted(cell.name)}" for cell in cells)
            session.execute(
                f"{into}{staged} FROM read_csv($path, auto_detect = false, header = true, delim = '{file.separator}', "
                "quote = '\"', escape = '\"', "
                f"columns = {{{columns}}}, nullstr = '', allow_quoted_nulls = false, null_padding = false, strict_mode = true, "
                f"store_rejects = true, rejects_limit = 0, rejects_table = '{stage}_rejects', rejects_scan = '{stage}_scans')",
                path,
            )
            return (file, cells), ()
        if file.sheet is not None:
            columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in file.header)
            cells = tuple(_cells(file))
            staged = ", ".join(f"{cell.staged} AS {quoted(cell.name)}" for cell in cells)
            session.execute(
                f"CREATE OR REPLACE TEMP TABLE {quoted(stage)} AS SELECT {ROW}, {staged} FROM read_csv($path, auto_detect = false, "
                "header = false, delim = ',', quote = '\"', escape = '\"', "
                f"columns = {{'{ROW}': 'BIGINT', {columns}}}, nullstr = '', allow_quoted_nulls = false, strict_mode = true)",
                path,
            )
            return (file, cells), ()
        described = session.fetch("SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet($path))", path)
        problems = check_columns(file, [name for name, _ in described], schema)
        if problems:
            return None, problems
        file = DataFile(file.path, file.entity, file.mapping, "", tuple(name for name, _ in described))
        cells = tuple(_cells(file))
        staged = ", ".join(f"{cell.staged} AS {quoted(cell.name)}" for cell in cells)
        texts = ", ".join(f"{_parquet_text(quoted(name), type)} AS {quoted(name)}" for name, type in described)
        session.execute(f"{into}{staged} FROM (SELECT {texts} FROM read_parquet($path))", path)
        return (file, cells), ()
    except DatabaseFailure as error:
        raise _Unreadable(file, error) from error


def _parquet_text(column: str, type: str) -> str:
    """A Parquet column as the text that a CSV file would hold. A float is its shortest round-trip text, rounded half away from zero."""
    text = f"CAST({column} AS VARCHAR)"
    if type in ("DOUBLE", "FLOAT"):
        exact = f"CAST(round(CAST({text} AS DECIMAL(38, 19)), 10) AS VARCHAR)"
        return f"CASE WHEN isfinite({column}) AND abs({column}) < 1e18 THEN {exact} ELSE {text} END"
    if type.startswith("TIMESTAMP") and type != "TIMESTAMP WITH TIME ZONE":
        return f"CASE WHEN {column} = date_trunc('day', {column}) THEN CAST(CAST({column} AS DATE) AS VARCHAR) ELSE {text} END"
    return text


def _cells(file: DataFile) -> Iterator[Cell]:
    must = needed(file.entity)
    for name in file.header:
        type = file.entity.fields.get(name)
        if type is None:
            yield text_cell(name, must=False)
        elif type.kind is Kind.MONEY:
            column = file.mapping.fields[name].currency
            assert column is not None
            yield money_cell(name, column, same_columns(file))
        elif type.kind is not Kind.TEXT:
            yield typed_cell(name, type, must=name in must)
        elif name == "currency":
            yield currency_cell(name, must=name in must)
        else:
            yield text_cell(name, must=name in must)


@dataclass(frozen=True, slots=True)
class _Rejects:
    """``misshapen``: rows that did not even become rows of the stage. ``count`` counts them too."""

    count: int
    misshapen: int
    diagnostics: tuple[Diagnostic, ...]


def _rejects(session: Session, stage: str, file: DataFile, cells: tuple[Cell, ...], currency: str) -> _Rejects:
    """Every row that must not be loaded; the first ones in words, by line."""
    misshapen, broken = _misshapen(session, stage, file) if file.is_csv else (0, ())
    if broken:  # the file's shape is lost from there on: nothing true can be said about its other rows
        return _Rejects(misshapen, misshapen, tuple(diagnostic("E0506", f"`{file.name}` {text}", help=way) for text, way in broken))
    faults = "[" + ", ".join(f"CASE WHEN {cell.bad} THEN {at} END" for at, cell in enumerate(cells)) + "]"
    bad = " OR ".join(cell.bad for cell in cells)
    again, repeats = f"SELECT NULL AS {ROW}, NULL AS first WHERE false", ""
    key = file.entity.key
    if key is not None:
        again, repeats = _repeated(stage, key), f"`{key}` repeats that of"
    elif file.entity.name == RATES:
        again, repeats = _repeated_rates(stage), "this currency and day have a rate already, on"
    shown = ", ".join(quoted(name) for name in file.header)
    sql = (
        f"SELECT {ROW}, list_filter({faults}, lambda fault: fault IS NOT NULL), first, count(*) OVER () AS total, {shown} "
        f"FROM {quoted(stage)} LEFT JOIN ({again}) AS again USING ({ROW}) WHERE {bad} OR first IS NOT NULL ORDER BY {ROW} LIMIT {LISTED}"
    )
    rows = session.fetch(sql, _bound(sql, currency))
    count = misshapen + (rows[0][3] if rows else 0)
    if not count:
        return _Rejects(0, 0, ())
    reasons: dict[int, list[str]] = {}
    firsts: dict[int, int] = {}
    for number, found, first, _, *values in rows:
        row = dict(zip(file.header, values, strict=True))
        reasons[number] = [why_rejected(cells[at], row[cells[at].name], row.get("currency")) for at in found]
        if first is not None:
            firsts[number] = first
    lines, wide = _lines(file, {*reasons, *firsts.values()}, misshapen)
    for number, first in firsts.items():
        reasons[number].append(f"{repeats} {_place(file, lines[first])}")
    told = [(lines[number], text) for number, texts in reasons.items() for text in ("; ".join(texts),)]
    told += [(line, f"it has {cells} cells, and the header {len(file.header)}") for line, cells in wide]
    listed = [diagnostic("E0506", f"`{file.name}` {_place(file, line)}: {text}") for line, text in sorted(told)[:LISTED]]
    if count > len(listed):
        listed.append(diagnostic("E0506", f"`{file.name}`: {count} rows are rejected, {len(listed)} of them are listed"))
    return _Rejects(count, misshapen, tuple(listed))


def _misshapen(session: Session, stage: str, file: DataFile) -> tuple[int, tuple[tuple[str, str], ...]]:
    """How many records have too few or too many cells; and what breaks the file's shape altogether, with the way out."""
    columns = "error_type, count(DISTINCT line), min(byte_position)"
    sql = f"SELECT {columns} FROM {quoted(stage + '_rejects')} GROUP BY error_type ORDER BY min(byte_position)"
    count, broken = 0, []
    for kind, lines, position in session.fetch(sql):
        count += lines
        if kind == "UNQUOTED VALUE":
            line, text, way = None, "a quote does not close, or text follows it", 'write a quote inside a quoted cell twice: ""'
        elif kind == "INVALID ENCODING":
            line, text, way = first_line_that_is_not_utf8(file), "it is not UTF-8", "save the file as UTF-8"
        elif kind == "LINE SIZE OVER MAXIMUM":
            line, text, way = None, "it is longer than two million bytes", "shorten its texts"
        elif kind not in ("MISSING COLUMNS", "TOO MANY COLUMNS"):
            line, text, way = None, str(kind).lower(), "mend the row"
        else:
            continue
        broken.append((f"line {line or line_of_byte(file, position)}: {text}", way))
    return count, tuple(broken)


def _repeated(stage: str, key: str) -> str:
    """The rows whose key stood in an earlier row, with the number of the first that has it."""
    first = f"SELECT {quoted(key)} AS again_key, min({ROW}) AS first FROM {quoted(stage)} GROUP BY ALL HAVING count(*) > 1"
    later = f"{ROW} > first AND again_key <> ''"
    return f"SELECT {ROW}, first FROM {quoted(stage)} JOIN ({first}) AS firsts ON {quoted(key)} = again_key WHERE {later}"


def _repeated_rates(stage: str) -> str:
    """The rates of a currency and day that had one in an earlier row: nobody could say which of them holds."""
    earliest = "min(" + ROW + ') OVER (PARTITION BY currency, TRY_CAST("on" AS DATE))'
    return f'SELECT {ROW}, {earliest} AS first FROM {quoted(stage)} WHERE TRY_CAST("on" AS DATE) IS NOT NULL QUALIFY {ROW} > first'


def _lines(file: DataFile, rows: set[int], misshapen: int) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """The line of each row, and line and width of the first records of another width. Of Parquet and of sheets, rows are all there is."""
    if not file.is_csv:
        return {row: row for row in rows}, []
    lines: dict[int, int] = {}
    wide: list[tuple[int, int]] = []
    for place in places(file):
        if place.row is None and len(wide) < LISTED:
            wide.append((place.line, place.cells))
        elif place.row in rows:
            lines[place.row] = place.line
        if len(lines) == len(rows) and len(wide) >= min(misshapen, LISTED):
            break
    return {row: lines.get(row, row + 1) for row in rows}, wide


def _place(file: DataFile, number: int) -> str:
    return f"{'line' if file.is_csv else 'row'} {number}"


def _bound(sql: str, currency: str) -> dict[str, object]:
    return {"currency": currency} if "$currency" in sql else {}


def _count(session: Session, table: str) -> int:
    return int(session.fetch(f"SELECT count(*) FROM {table}")[0][0])


def fill_holidays(session: Session, schema: Schema, calendars: Calendars) -> None:
    """The public holidays of the calendars that the store has none of; nothing for a calendar that nobody knows."""
    mapping = identity(schema)
    places = [(mapping.entities[entity].table, mapping.entities[entity].fields[name].column) for entity, name in sorted(calendars.fields)]
    texts = " UNION ".join(f"SELECT {quoted(column)} AS calendar FROM {quoted(table)}" for table, column in places)
    found = calendars.names | ({name for (name,) in session.fetch(texts) if name is not None} if texts else set())
    if not found:
        return
    there = {name for (name,) in session.fetch("SELECT DISTINCT calendar FROM holidays")}
    days = [
        (calendar, day.isoformat()) for calendar in sorted(found - there) if known_calendar(calendar) for day in public_holidays(calendar)
    ]
    if days:
        names, dates = zip(*days, strict=True)
        session.insert("holidays", entity_columns(schema, mapping.entities["holidays"]), {"calendar": list(names), "on": list(dates)})
