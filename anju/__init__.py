"""The program: command line, supervisor, and the one place that wires the services together."""
