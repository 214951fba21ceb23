"""Readings become alarms, tickets and emergency plans: `detect` decides, `respond` acts, `service` runs both."""
