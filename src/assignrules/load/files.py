"""Which files there are, which entity each is of, what its header says, and on which line a row stands."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assignrules.databases.embedded import entity_columns
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.types import Kind
from assignrules.load.workbooks import NoWorkbook, Row, sheet_names, sheet_rows
from assignrules.schema.logical import Entity, Schema
from assignrules.schema.mapping import RATES_COLUMNS, EntityMapping, identity

SEPARATORS = (",", ";", "\t")
WORKBOOKS = (".xlsx", ".xlsm")
FORMATS = (".csv", ".parquet", *WORKBOOKS)
OPEN_ELSEWHERE = ("~$", ".~lock.")  # what spreadsheet programs lay beside a workbook while it is open
OTHER_WORKBOOKS = (".xls", ".xlsb", ".ods")
# Of entities without a key: what a row is useless without.
RATES = "rates"
NEEDED = {RATES: RATES_COLUMNS, "holidays": ("calendar", "on")}


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file, or a sheet of a workbook, with the entity whose rows it holds. ``separator`` and ``header`` are those of a CSV file or of a
    sheet, of which ``texts`` is the copy that a database can read."""

    path: Path
    entity: Entity
    mapping: EntityMapping
    separator: str = ""
    header: tuple[str, ...] = ()
    sheet: str | None = None
    texts: Path | None = None

    @property
    def name(self) -> str:
        """The file's name, as messages give it, and the sheet's."""
        return self.path.name if self.sheet is None else f"{self.path.name} ({self.sheet})"

    @property
    def is_csv(self) -> bool:
        """A CSV file (otherwise a sheet, or Parquet)."""
        return self.path.suffix.casefold() == ".csv"

    @property
    def read(self) -> Path:
        """What the database reads."""
        return (self.texts or self.path).absolute()


@dataclass(frozen=True, slots=True)
class Found:
    """The files that hold rows, in the schema's order; what is wrong with the others; and the sheets that hold rows of no entity, which
    stand beside some that do."""

    files: tuple[DataFile, ...]
    problems: tuple[Diagnostic, ...]
    left_out: tuple[str, ...] = ()


def find_files(paths: Iterable[Path], schema: Schema) -> Found:
    """The files of the paths: of a folder, every CSV and Parquet file and every workbook in it."""
    problems: list[Diagnostic] = []
    left_out: list[str] = []
    found: dict[str, DataFile] = {}
    for path in _expanded(paths, problems):
        for file in _data_of(path, schema, problems, left_out):
            if file.entity.name in found:
                message = f"`{found[file.entity.name].name}` and `{file.name}` are both files of `{file.entity.name}`"
                problems.append(diagnostic("E0507", message, help="load one file per entity"))
            else:
                found[file.entity.name] = file
    return Found(tuple(found[name] for name in schema.entities if name in found), tuple(problems), tuple(left_out))


def _data_of(path: Path, schema: Schema, problems: list[Diagnostic], left_out: list[str]) -> Iterator[DataFile]:
    """What a file holds rows of."""
    form = path.suffix.casefold()
    entity = _entity(path.stem, schema)
    mappings = identity(schema).entities
    if form in WORKBOOKS:
        yield from _sheets_of(path, entity, schema, problems, left_out)
    elif form in OTHER_WORKBOOKS:
        problems.append(diagnostic("E0507", f"`{path.name}` is a workbook of another form", help="save it as .xlsx, or its sheet as CSV"))
    elif form not in FORMATS:
        help = "name it `<entity>.csv`, `<entity>.parquet` or `<entity>.xlsx`"
        problems.append(diagnostic("E0507", f"`{path.name}` is neither CSV nor Parquet nor Excel", help=help))
    elif entity is None:
        near = did_you_mean(path.stem, _words(schema)) or "a file is named like its entity: `customers.csv`, `documents.parquet`"
        problems.append(diagnostic("E0507", f"no entity is called `{path.stem}` (file `{path.name}`)", help=near))
    else:
        yield DataFile(path, entity, mappings[entity.name])


def _sheets_of(path: Path, entity: Entity | None, schema: Schema, problems: list[Diagnostic], left_out: list[str]) -> Iterator[DataFile]:
    """Every sheet that is named like an entity; where there is none, the first sheet of a workbook that is."""
    try:
        names = sheet_names(path)
    except (NoWorkbook, OSError) as error:
        problems.append(_unreadable(path, error))
        return
    mappings = identity(schema).entities
    found = {name: named for name in names if (named := _entity(name.strip(), schema)) is not None}
    if not names:
        help = "show one that is hidden; a workbook of the strict form is to be saved again as an ordinary one"
        problems.append(diagnostic("E0509", f"`{path.name}` has no sheet that can be seen", help=help))
    elif not found and entity is not None:
        found = {names[0]: entity}
    elif not found:
        near = next((near for name in (path.stem, *names) if (near := did_you_mean(name, _words(schema))) is not None), None)
        message = f"neither `{path.name}` nor any of its sheets is named like an entity"
        problems.append(diagnostic("E0507", message, help=near or "name each sheet like its entity: `customers`, `documents`"))
    elif entity is not None and entity not in found.values():
        message = f"`{path.name}` has no sheet `{entity.plural}`, but `{next(iter(found))}`"
        problems.append(diagnostic("E0507", message, help=f"name the sheet with its rows `{entity.plural}`, or the file otherwise"))
        return
    else:
        left_out.extend(f"{path.name} ({name})" for name in names if name not in found)
    for name, named in found.items():
        yield DataFile(path, named, mappings[named.name], sheet=name)


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


def read_sheet(file: DataFile, schema: Schema, texts: Path) -> tuple[DataFile | None, tuple[Diagnostic, ...]]:
    """The sheet with its header, which is its first row that is not empty, and with the copy of its rows that is written to ``texts``: a
    CSV file whose first column is the number of the row."""
    assert file.sheet is not None
    try:
        rows = sheet_rows(file.path, file.sheet)
        first = next(rows, None)
        if first is None:
            return None, (diagnostic("E0509", f"`{file.name}` is empty", help="the first row holds the names of the columns"),)
        header = [(text or "").strip() for text in first[1]]
        named = [at for at, name in enumerate(header) if name]
        names = tuple(header[at] for at in named)
        problems = check_columns(file, names, schema)
        if problems:
            return None, problems
        nameless = _copy_rows(rows, named, texts)
    except (NoWorkbook, OSError) as error:
        return None, (_unreadable(file.path, error),)
    if nameless is not None:
        message = f"`{file.name}`: a cell of row {nameless} stands in a column that has no name in row {first[0]}"
        return None, (diagnostic("E0508", message, help="name the column, or empty it"),)
    return replace(file, separator=",", header=names, texts=texts), ()


def _copy_rows(rows: Iterable[Row], named: Sequence[int], texts: Path) -> int | None:
    """Writes the cells of the named columns; the number of the first row that has other ones."""
    columns = set(named)
    with texts.open("w", encoding="utf-8", newline="") as stream:
        for number, cells in rows:
            if any(text is not None and at not in columns for at, text in enumerate(cells)):
                return number
            line = ",".join(_quoted(cells[at] if at < len(cells) else None) for at in named)
            stream.write(f"{number},{line}\n")
    return None


def _quoted(text: str | None) -> str:
    # every text in quotes: `csv` leaves some line breaks bare, which the database takes for the end of a row
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def _instead(name: str, file: DataFile, schema: Schema, known: Sequence[str]) -> str | None:
    """What to do about a column that cannot be loaded."""
    for target in schema.targets.values():
        if target.entity == file.entity.name and name in (target.name, f"{target.name}s"):
            return f"`{name}` is what the rules decide: `apply` writes it, and no file brings it"
    return did_you_mean(name, known)


def check_columns(file: DataFile, names: Sequence[str], schema: Schema) -> tuple[Diagnostic, ...]:
    """What is wrong with the names of the columns: unknown, given twice, or one that is needed is not there."""
    known = loadable(file, schema)
    problems = [
        diagnostic("E0508", f"`{file.name}`: `{file.entity.name}` has no field or link `{name}`", help=_instead(name, file, schema, known))
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
            found = (item for item in path.iterdir() if item.is_file() and item.suffix.casefold() in (*FORMATS, *OTHER_WORKBOOKS))
            inside = sorted(item for item in found if not item.name.startswith(OPEN_ELSEWHERE))
            if not inside:
                problems.append(diagnostic("E0509", f"folder `{path.name}` holds no CSV, Parquet or Excel file"))
            yield from inside
        elif path.is_file():
            yield path
        else:
            problems.append(diagnostic("E0509", f"`{path}` does not exist"))


def _words(schema: Schema) -> list[str]:
    return [word for item in schema.entities.values() for word in (item.name, item.plural)]


def _entity(stem: str, schema: Schema) -> Entity | None:
    word = stem.casefold()
    return next((entity for entity in schema.entities.values() if word in (entity.name.casefold(), entity.plural.casefold())), None)


def _unreadable(path: Path, error: Exception) -> Diagnostic:
    if isinstance(error, NoWorkbook):
        help = "save it again in a spreadsheet program, without a password"
        return diagnostic("E0509", f"`{path.name}` cannot be read: {error}", help=help)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return diagnostic("E0509", f"`{path.name}` cannot be read: {(reason or 'unknown reason').lower()}")
