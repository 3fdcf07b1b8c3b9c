"""Tables in text files (CSV and its kin), read as a stream: encoding, delimiter, records with their lines, mistakes."""

from crm_core.tables.encoding import (
    SAMPLE_BYTES,
    Sniffed,
    decode,
    decode_value,
    detect_delimiter,
    open_text,
    sniff,
)
from crm_core.tables.layout import (
    ENCODINGS,
    QUOTE_NAMES,
    QUOTES,
    SEPARATOR_NAMES,
    SEPARATORS,
    Layout,
    is_encoding,
    layout,
    layout_of,
)
from crm_core.tables.problems import (
    MESSAGES,
    RowProblem,
    SourceError,
    SourceRow,
    UnreadableFile,
    problem,
    unreadable,
)
from crm_core.tables.records import MAX_CHARS, MAX_COLUMNS, MAX_LINES, Record, Table, check_header, unique_names
from crm_core.tables.repeats import Repeats

__all__ = [
    "ENCODINGS",
    "MAX_CHARS",
    "MAX_COLUMNS",
    "MAX_LINES",
    "MESSAGES",
    "QUOTES",
    "QUOTE_NAMES",
    "SAMPLE_BYTES",
    "SEPARATORS",
    "SEPARATOR_NAMES",
    "Layout",
    "Record",
    "Repeats",
    "RowProblem",
    "Sniffed",
    "SourceError",
    "SourceRow",
    "Table",
    "UnreadableFile",
    "check_header",
    "decode",
    "decode_value",
    "detect_delimiter",
    "is_encoding",
    "layout",
    "layout_of",
    "open_text",
    "problem",
    "sniff",
    "unique_names",
    "unreadable",
]
