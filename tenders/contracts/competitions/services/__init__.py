"""Use cases of mini-competitions: frame, open, answer, close, decide."""
