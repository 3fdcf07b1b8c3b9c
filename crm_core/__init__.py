"""The kernel of an extensible CRM: entities, fields, permissions, history, hooks and a generic face."""

__version__ = "0.1.0"
