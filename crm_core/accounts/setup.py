"""What a new deployment starts with: roles, and the first administrator."""

from __future__ import annotations

import sqlalchemy as sa

from crm_core import directory
from crm_core.accounts import passwords, roles
from crm_core.db import KERNEL, CrmSession
from crm_core.models import User

FIRST_EMAIL = "admin@example.org"


def first_run(session: CrmSession) -> str | None:
    """Create the first administrator and return his password, to be printed once.

    Returns:
        ``None`` when there are users already.
    """
    if session.scalar(sa.select(User.id).limit(1), execution_options=KERNEL) is not None:
        return None
    roles.seed(session)
    password = passwords.generated()
    user = User(email=FIRST_EMAIL, name="Administrator", password_hash=passwords.hashed(password))
    session.add(user)
    session.flush()
    roles.assign(session, user.id, {roles.OWNER})
    directory.touch(session)
    return password
