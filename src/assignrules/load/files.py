"""Which files there are, which entity each is of, what its header says, and on which line a row stands."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assignrules.databases.embedded import entity_columns
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.types import Kind
from assignrules.schema.logical import Entity, Schema
from assignrules.schema.mapping import RATES_COLUMNS, EntityMapping, identity

SEPARATORS = (",", ";", "\t")
FORMATS = (".csv", ".parquet")
EXCEL = (".xlsx", ".xls", ".xlsm")
# Of entities without a key: what a row is useless without.
RATES = "rates"
NEEDED = {RATES: RATES_COLUMNS, "holidays": ("calendar", "on")}


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file with the entity whose rows it holds. ``separator`` and ``header`` are those of a CSV file."""

    path: Path
    entity: Entity
    mapping: EntityMapping
    separator: str = ""
    header: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name, as messages give it."""
        return self.path.name

    @property
    def is_csv(self) -> bool:
        """A CSV file (otherwise Parquet)."""
        return self.path.suffix.casefold() == ".csv"


def find_files(paths: Iterable[Path], schema: Schema) -> tuple[tuple[DataFile, ...], tuple[Diagnostic, ...]]:
    """The files of the paths (of a folder, every CSV and Parquet file in it), in the schema's order, and what is wrong with the others."""
    problems: list[Diagnostic] = []
    found: dict[str, DataFile] = {}
    mappings = identity(schema).entities
    for path in _expanded(paths, problems):
        entity = _entity(path.stem, schema)
        if path.suffix.casefold() in EXCEL:
            problems.append(diagnostic("E0507", f"`{path.name}` is an Excel file", help="save the sheet as CSV, or the data as Parquet"))
        elif path.suffix.casefold() not in FORMATS:
            problems.append(
                diagnostic("E0507", f"`{path.name}` is neither CSV nor Parquet", help="name it `<entity>.csv` or `<entity>.parquet`")
            )
        elif entity is None:
            words = [word for item in schema.entities.values() for word in (item.name, item.plural)]
            near = did_you_mean(path.stem, words) or "a file is named like its entity: `customers.csv`, `documents.parquet`"
            problems.append(diagnostic("E0507", f"no entity is called `{path.stem}` (file `{path.name}`)", help=near))
        elif entity.name in found:
            message = f"`{found[entity.name].name}` and `{path.name}` are both files of `{entity.name}`"
            problems.append(diagnostic("E0507", message, help="load one file per entity"))
        else:
            found[entity.name] = DataFile(path, entity, mappings[entity.name])
    return tuple(found[name] for name in schema.entities if name in found), tuple(problems)


def read_header(file: DataFile, schema: Schema) -> tuple[DataFile | None, tuple[Diagnostic, ...]]:
    """The CSV file with its separator and header."""
    known = loadable(file, schema)
    try:
        # `utf-8-sig`: a byte order mark is no part of the first name. `replace`: more is read ahead than the header, which alone counts
        # here.
        with file.path.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
            first = stream.readline()
            # A name holds none of the separators, so the right one is the one that gives most known names.
            separator = max(SEPARATORS, key=lambda mark: sum(name in known for name in next(csv.reader([first], delimiter=mark), [])))
            stream.seek(0)
            header = next(csv.reader(stream, delimiter=separator), [])
    except (OSError, csv.Error) as error:
        return None, (_unreadable(file.path, error),)
    if any("\ufffd" in name for name in header):
        return None, (diagnostic("E0509", f"`{file.name}` is not UTF-8", help="save it as UTF-8"),)
    if not header:
        return None, (diagnostic("E0509", f"`{file.name}` has no header", help="the first line holds the names of the columns"),)
    problems = check_columns(file, header, schema)
    return (None, problems) if problems else (DataFile(file.path, file.entity, file.mapping, separator, tuple(header)), ())


def check_columns(file: DataFile, names: Sequence[str], schema: Schema) -> tuple[Diagnostic, ...]:
    """What is wrong with the names of the columns: unknown, given twice, or one that is needed is not there."""
    known = loadable(file, schema)
    problems = [
        diagnostic("E0508", f"`{file.name}`: `{file.entity.name}` has no field or link `{name}`", help=did_you_mean(name, known))
        for name in dict.fromkeys(names)
        if name not in known
    ]
    problems += [
        diagnostic("E0508", f"`{file.name}`: column `{name}` stands twice in the header")
        for name, count in Counter(names).items()
        if count > 1
    ]
    problems += [
        diagnostic("E0508", f"`{file.name}`: column `{name}` is needed, and missing") for name in needed(file.entity) if name not in names
    ]
    return tuple(problems)


def loadable(file: DataFile, schema: Schema) -> tuple[str, ...]:
    """The names that may stand in the header: fields and to-one links. The currency of an amount is not a column of its own."""
    currencies = {field.currency for field in file.mapping.fields.values()}
    return tuple(name for name in entity_columns(schema, file.mapping) if name not in currencies)


def needed(entity: Entity) -> tuple[str, ...]:
    """The columns in which no cell may be empty."""
    return (entity.key,) if entity.key is not None else NEEDED.get(entity.name, ())


@dataclass(frozen=True, slots=True)
class Place:
    """A record of a CSV file: the number of its first line, how many cells it has, and its number among the records of the right width
    (None: it has another width)."""

    line: int
    cells: int
    row: int | None


def places(file: DataFile) -> Iterator[Place]:
    """The records after the header, in order. Read only to say where a rejected row stands: the database counts rows, people count
    lines."""
    width, row = len(file.header), 0
    with file.path.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
        csv.field_size_limit(2**31 - 1)
        reader = csv.reader(stream, delimiter=file.separator)
        next(reader, None)
        line = reader.line_num + 1
        for cells in reader:
            # Of one column, an empty line is a row whose only cell is missing; otherwise it is nothing. An empty cell too many is let pass.
            if cells or width == 1:
                fits = len(cells) == width or (not cells and width == 1) or (len(cells) == width + 1 and not cells[-1])
                row += fits
                yield Place(line, len(cells), row if fits else None)
            line = reader.line_num + 1


def line_of_byte(file: DataFile, position: int) -> int:
    """The line, counted from 1, on which a byte of a CSV file stands. ``position`` is counted from 1, as the database counts."""
    seen, feeds, returns = 0, 0, 0
    with file.path.open("rb") as stream:
        while seen < position - 1 and (piece := stream.read(min(1 << 20, position - 1 - seen))):
            seen, feeds, returns = seen + len(piece), feeds + piece.count(b"\n"), returns + piece.count(b"\r")
    return 1 + (feeds or returns)


def first_line_that_is_not_utf8(file: DataFile) -> int | None:
    """The line, counted from 1, of the first byte that no UTF-8 text has there."""
    with file.path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return number + line.count(b"\r", 0, error.start)  # of a file whose lines end with carriage returns alone
    return None


def same_columns(file: DataFile) -> bool:
    """Whether an amount of this file may stand beside a currency: the file has a column ``currency`` that is a field of the entity."""
    return "currency" in file.header and file.entity.fields.get("currency") is not None and file.entity.fields["currency"].kind is Kind.TEXT


def _expanded(paths: Iterable[Path], problems: list[Diagnostic]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(item for item in path.iterdir() if item.is_file() and item.suffix.casefold() in (*FORMATS, *EXCEL))
            if not inside:
                problems.append(diagnostic("E0509", f"folder `{path.name}` holds no CSV or Parquet file"))
            yield from inside
        elif path.is_file():
            yield path
        else:
            problems.append(diagnostic("E0509", f"`{path}` does not exist"))


def _entity(stem: str, schema: Schema) -> Entity | None:
    word = stem.casefold()
    return next((entity for entity in schema.entities.values() if word in (entity.name.casefold(), entity.plural.casefold())), None)


def _unreadable(path: Path, error: Exception) -> Diagnostic:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return diagnostic("E0509", f"`{path.name}` cannot be read: {(reason or 'unknown reason').lower()}")
