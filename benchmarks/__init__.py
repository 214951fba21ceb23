"""Repeatable load programs; each prints its result with machine and versions."""
