"""The companies of one's own group: whose record it is, and who of the group sees it."""
