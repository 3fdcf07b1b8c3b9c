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

__all__ = [
    "MAX_CHARS",
    "MAX_COLUMNS",
    "MAX_LINES",
    "MESSAGES",
    "SAMPLE_BYTES",
    "Record",
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
    "open_text",
    "problem",
    "sniff",
    "unique_names",
    "unreadable",
]
