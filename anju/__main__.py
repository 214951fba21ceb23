"""`python -m anju` is `anju`."""

from anju.main import main

main()
