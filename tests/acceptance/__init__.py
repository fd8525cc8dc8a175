"""What the terminal client has to pass, at real terminals; L1 to L12 are the numbers that were agreed on."""
