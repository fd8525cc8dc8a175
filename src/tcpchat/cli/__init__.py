"""The commands: tcpchat-server and tcpchat-client."""
