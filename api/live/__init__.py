"""What happens now: latest values, gateways, services and events, pushed to every open page."""
