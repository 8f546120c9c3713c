"""Use cases of call-offs, from the cart to the certified service, and of commitments handed on."""
