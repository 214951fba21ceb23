"""Response: what a transition means for alarms, tickets, emergency plans and actuators; one database transaction."""
