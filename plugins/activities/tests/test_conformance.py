"""The conformance suite of the core."""

from crm_core.testing.conformance import *  # noqa: F403
