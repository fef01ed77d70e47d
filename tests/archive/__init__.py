"""Archives: zips, and what is done with them."""
