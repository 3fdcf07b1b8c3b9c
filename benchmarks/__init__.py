"""Repeatable measurements: ``python -m benchmarks`` builds databases, measures and prints tables."""
