"""What every plugin has to hold to."""

from crm_core.testing.conformance import *  # noqa: F403
