"""The suite of MLP probes, trained side by side in one graph."""
