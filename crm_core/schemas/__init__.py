"""What records look like to programs: JSON Schemas for documents, marshmallow schemas for code."""

from crm_core.schemas.describe import (
    create_schema,
    describe_field,
    patch_schema,
    read_schema,
    record_schema,
    write_schema,
)
from crm_core.schemas.marshal import FieldValue, RecordSchema, schema_for

__all__ = [
    "FieldValue",
    "RecordSchema",
    "create_schema",
    "describe_field",
    "patch_schema",
    "read_schema",
    "record_schema",
    "schema_for",
    "write_schema",
]
