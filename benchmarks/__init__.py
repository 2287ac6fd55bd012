"""Where zapsim's claims about time and memory come from; README.md has a real run's numbers."""
