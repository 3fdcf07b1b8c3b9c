"""When something happens to a record, and a filter holds, then do something."""
