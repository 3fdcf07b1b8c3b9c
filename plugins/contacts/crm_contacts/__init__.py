"""People and companies: the address book every other plugin refers to."""
