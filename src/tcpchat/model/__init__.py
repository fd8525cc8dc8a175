"""The vocabulary: what is asked, what happened, what is answered. Everything else is written in its terms."""
