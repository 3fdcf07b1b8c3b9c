"""Accounts: passwords, sessions, second factor, API tokens, users, teams and the roles everyone starts with."""

from crm_core.accounts.identity import SignedIn
from crm_core.accounts.roles import seed
from crm_core.accounts.setup import first_run

__all__ = ["SignedIn", "first_run", "seed"]
