"""Documents: files on every record."""
