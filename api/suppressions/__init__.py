"""Alarms that call nobody for a time."""
