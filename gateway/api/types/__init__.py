"""What callers see of the nouns. Made whole from the domain's values; only what needs another table has a resolver."""
