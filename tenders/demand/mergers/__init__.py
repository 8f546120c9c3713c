"""Mergers: when a lot misses its minimum, its members vote on joining a grappe or another lot (domain §4b.3)."""
