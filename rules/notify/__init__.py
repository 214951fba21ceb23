"""Telling people outside the page: who is to be told now, over which channel, and what became of it."""
