"""A community as its site file describes it, checked and resolved."""
