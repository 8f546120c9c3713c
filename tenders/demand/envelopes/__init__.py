"""The envelope of a lot: what may be bought at most, what is committed, ordered and given back, entry by entry."""
