"""What makes the project's own files: the drawn shoes, their features, the notebooks."""
