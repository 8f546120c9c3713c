"""How much a site probably needs, from its IT estate or its last need: a proposal, never written by itself."""
