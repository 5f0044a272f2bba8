"""Image files that a user already has, in a folder or a zip archive, as a dataset."""
