"""Images as a dataset's authors divided them, before they are split for training and probes."""
