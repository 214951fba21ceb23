"""`python -m anju` is `anju`."""

from anju.start import main

main()
