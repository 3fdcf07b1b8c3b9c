"""Personal data: consent, archives, erasure, retention."""
