"""How much a site probably needs, from its IT estate: a proposal, never written by itself."""
