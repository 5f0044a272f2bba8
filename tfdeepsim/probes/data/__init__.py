"""Training data of probes: embeddings with labels, their standardisation, and random subsets."""
