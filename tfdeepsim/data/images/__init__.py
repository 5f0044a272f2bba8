"""Image files of the user, in a folder or a zip archive, as a dataset."""
