"""Adhesions: organisations that signed a vehicle's convention."""
