"""Joining a lot whose needs are closed and met: what is left of it, what it binds to, and the joining itself."""
