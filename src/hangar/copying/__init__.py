"""Copying one image: decide, then move."""
