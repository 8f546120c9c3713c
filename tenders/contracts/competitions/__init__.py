"""Mini-competitions: holders of one lot asked for a price on one order, sealed until the deadline."""
