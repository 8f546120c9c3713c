"""What decides about mini-competitions, on plain values: criteria, deadline, price allowed, ranking, states."""
