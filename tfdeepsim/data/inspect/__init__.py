"""What a dataset holds, counted and drawn for people."""
