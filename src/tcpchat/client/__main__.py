"""``python -m tcpchat.client`` is ``tcpchat-client``."""

from tcpchat.cli.client import main

main(prog_name="tcpchat-client")
