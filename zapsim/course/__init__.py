"""What only the notebooks use: figures and experiments (`lessons`), checks (`exercise`)."""
