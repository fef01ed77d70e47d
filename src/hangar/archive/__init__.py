"""Archives: zips in the layout of the Go program, and what one does with them."""
