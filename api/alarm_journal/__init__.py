"""Every transition of every alarm."""
