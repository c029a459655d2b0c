"""What is kept, and how it is asked for. Rows never leave this package."""
