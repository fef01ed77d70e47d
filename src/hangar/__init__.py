"""Hangar carries container images to places without internet access."""
