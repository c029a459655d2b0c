"""Requests that nobody would think of, against a real server: it answers each, says nothing of ours, and stays up."""
