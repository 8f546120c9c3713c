"""What decides about call-offs, on plain values: price, holder, approval, room in the envelope, states, transfers."""
