"""``python -m tcpchat`` is ``tcpchat-server``."""

from tcpchat.cli.server import main

main(prog_name="tcpchat-server")
