"""Studio recordings: a folder for each language, whose CSV files say which file is which sentence.

A recording sheet (`ownerline scripts speak NAME --sheet`) is such a file: the studio reads the
sentence of a row into the file the row names, and puts it beside the sheet.
"""

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from customers.model import Language
from scripts.speech.model import SpeechError
from scripts.speech.sound import level
from scripts.speech.wav import Sound, read_wav

log = structlog.get_logger(__name__)

COLUMNS = ("text", "file")
_MAX_BYTES = 4 * 1024 * 1024
_ENCODINGS = ("utf-8-sig", "gb18030")  # as spreadsheets save


class SheetError(SpeechError):
    """A recording sheet cannot be read as it is."""


def normalised(sentence: str) -> str:
    """Return what makes two sentences the same: Unicode form and white space do not count."""
    return " ".join(unicodedata.normalize("NFC", sentence).split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A recording as it lies there; another length or time of change makes it another one."""

    file: Path
    version: str


class Studio:
    """The recordings of a house; sheets are read anew when one of them has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Language, tuple[object, Mapping[str, Path]]] = {}

    def find(self, sentence: str, language: Language) -> Recorded | None:
        """Return the recording of a normalised sentence; None: there is none (yet)."""
        file = self._files(language).get(sentence)
        if file is None:
            return None
        try:
            found = file.stat()
        except OSError:
            return None  # on the sheet, not recorded yet
        return Recorded(file=file, version=f"{file.name} {found.st_size} {found.st_mtime_ns}")

    def listed(self, language: Language) -> Mapping[str, Path]:
        """Return the file of every sentence on a sheet, recorded or not."""
        return self._files(language)

    def problems(self) -> Iterator[str]:
        """Tell of every sheet and recording that cannot be used. Blocks: it reads them all."""
        for language in Language:
            folder = self._folder / language.value
            for sheet in sorted(folder.glob("*.csv")):
                try:
                    files = [folder / file for _, file in read_sheet(sheet)]
                except SheetError as err:
                    yield str(err)
                    continue
                for file in filter(Path.is_file, files):
                    try:
                        read_recording(file)
                    except SpeechError as err:
                        yield str(err)

    def write_sheet(self, script: str, sentences: Iterable[str], language: Language) -> Path:
        """Write a script's recording sheet, keeping the rows it has; return the sheet.

        A sentence that another sheet has is left out: it is recorded once. New rows are named
        after the script and counted on.
        """
        folder = self._folder / language.value
        sheet = folder / f"{script}.csv"
        rows = list(read_sheet(sheet)) if sheet.is_file() else []
        known = set(self._files(language)) | {normalised(text) for text, _ in rows}
        taken = {file for _, file in rows} | {file.name for file in self._files(language).values()}
        numbers = (f"{script}-{number:03}.wav" for number in range(1, 1_000_000))
        names = (name for name in numbers if name not in taken)
        for sentence in map(normalised, sentences):
            if sentence not in known:
                known.add(sentence)
                rows.append((sentence, next(names)))
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        draft = sheet.with_suffix(".csv.draft")
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
        draft.replace(sheet)
        return sheet

    def _files(self, language: Language) -> Mapping[str, Path]:
        folder = self._folder / language.value
        sheets = sorted(folder.glob("*.csv")) if folder.is_dir() else []
        state = [(sheet.name, (at := sheet.stat()).st_size, at.st_mtime_ns) for sheet in sheets]
        known = self._read.get(language)
        if known is None or known[0] != state:
            files: dict[str, Path] = {}
            for sheet in sheets:
                for sentence, file in _usable_rows(sheet):
                    files.setdefault(normalised(sentence), folder / file)
            known = self._read[language] = (state, files)
        return known[1]


def read_recording(file: Path) -> Sound:
    """Return a recording at the loudness of all sentences.

    Raises:
        SpeechError: it cannot be read, or is silent; names the file.
    """
    sound = read_wav(file)
    try:
        return level(sound)
    except SpeechError as err:
        message = f"{file}: {err}"
        raise SpeechError(message) from err


def read_sheet(sheet: Path) -> Iterator[tuple[str, str]]:
    """Yield the rows of a sheet: sentence and file name.

    Raises:
        SheetError: it is no CSV with these columns, or names a file elsewhere; says the row.
    """
    rows = csv.DictReader(_text(sheet).splitlines())
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        message = f"{sheet} has the columns {rows.fieldnames}; a recording sheet has text,file"
        raise SheetError(message)
    try:
        for row in rows:
            if None in row:
                message = (
                    f"{sheet}, line {rows.line_num} has more than its columns; a sentence with a "
                    "comma stands in quotes"
                )
                raise SheetError(message)
            sentence, file = (row["text"] or "").strip(), (row["file"] or "").strip()
            if file != Path(file).name or file in {"..", "."}:
                message = f"{sheet}, line {rows.line_num}: {file!r} is no file beside the sheet"
                raise SheetError(message)
            if sentence and file:
                yield sentence, file
    except csv.Error as err:
        message = f"{sheet}, line {rows.line_num}: {err}"
        raise SheetError(message) from err


def _usable_rows(sheet: Path) -> list[tuple[str, str]]:
    """Return the rows of a sheet; one that cannot be read is reported, the engine speaks then."""
    try:
        return list(read_sheet(sheet))
    except SheetError as err:
        log.warning("studio_sheet_unusable", sheet=sheet.name, reason=str(err))
        return []


def _text(sheet: Path) -> str:
    try:
        if sheet.stat().st_size > _MAX_BYTES:
            message = f"{sheet} is larger than {_MAX_BYTES} bytes; a sheet is a few pages"
            raise SheetError(message)
        data = sheet.read_bytes()
    except OSError as err:
        message = f"{sheet} cannot be read: {err.strerror}"
        raise SheetError(message) from err
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    message = f"{sheet} is neither UTF-8 nor GB18030 text; save it as CSV UTF-8"
    raise SheetError(message)
