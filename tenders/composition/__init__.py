"""The optimiser: who should buy together, from whom, and how far at most from the best possible."""
