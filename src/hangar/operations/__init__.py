"""What a user can ask for, as functions; the command line adds only words."""
