"""Amendments: numbered versions of a contract, each with what it changes, its value, its legal basis and its signed PDF."""
