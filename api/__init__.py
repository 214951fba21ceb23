"""The HTTP API and the web page: resources in folders of their own, live push, sign-in."""
