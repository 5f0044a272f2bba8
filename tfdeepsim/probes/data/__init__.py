"""What probes learn from: embeddings with labels, standardized, or a share of them."""
