"""Deadlines as a calendar that one's own software subscribes to."""
