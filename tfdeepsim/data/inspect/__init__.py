"""What a dataset holds: counted, printed and drawn for people."""
