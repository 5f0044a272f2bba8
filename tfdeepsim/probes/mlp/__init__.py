"""The suite of MLP probes of Pihlgren et al. 2020, trained side by side in one graph."""
