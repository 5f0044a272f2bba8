"""Images as their authors divided them, before they are divided for training and probes."""
