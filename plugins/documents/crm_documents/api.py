"""What other plugins may import from documents: put a file on a record, such as a PDF that was made."""

from __future__ import annotations

from crm_documents.operations import Upload, add, add_version
from crm_documents.rules import DOCUMENT, VERSION

__all__ = ["DOCUMENT", "VERSION", "Upload", "add", "add_version"]
