"""Lists out to files, and files of any kind of record in."""
