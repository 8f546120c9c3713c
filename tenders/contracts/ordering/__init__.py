"""Call-offs: an establishment's orders on a contract, from the cart to the certified service."""
