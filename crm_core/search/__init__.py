"""Search across entities: what the actor may see and what it says to him, nothing else."""

from crm_core.search.matching import matches
from crm_core.search.suggesting import Found, Hit, look, suggest

__all__ = ["Found", "Hit", "look", "matches", "suggest"]
