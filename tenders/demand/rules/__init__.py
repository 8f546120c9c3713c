"""The decisions of demand: pure functions on frozen values."""
