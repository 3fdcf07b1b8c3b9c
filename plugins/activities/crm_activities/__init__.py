"""Activities: tasks, follow-ups and events, what they remind of, and what is due today."""
