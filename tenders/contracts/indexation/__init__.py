"""Indexation: index values as data, a contract's formula, its revisions."""
