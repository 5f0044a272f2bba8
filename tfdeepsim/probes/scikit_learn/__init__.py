"""Probes that are estimators of scikit-learn."""
