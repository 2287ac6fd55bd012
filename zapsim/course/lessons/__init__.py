"""Figures and experiments that only the course needs, so that its cells stay short."""
