"""What every service shares; knows the domain and no service."""
