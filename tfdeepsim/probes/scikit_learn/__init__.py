"""Probes that scikit-learn fits, and ridge regression in closed form."""
