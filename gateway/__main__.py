"""`python -m gateway` is the command line too."""

from gateway.cli import main

main()
