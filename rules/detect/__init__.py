"""Detection: conditions over streams of readings, as array state. Pure: no clock, no socket, no database."""
