"""Reads of call-offs: what placing decides on, the orders each party sees, the desk, and what is consumed."""
