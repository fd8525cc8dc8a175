"""``tcpchat-client``: a terminal to the chat."""
