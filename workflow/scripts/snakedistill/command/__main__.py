"""The command without an installed package: python -m snakedistill.command, in a clone."""

from snakedistill.command import main

main()
