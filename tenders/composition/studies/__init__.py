"""Studies: what the optimiser proposes on live needs and offers, kept as of one moment, compared, and accepted."""
