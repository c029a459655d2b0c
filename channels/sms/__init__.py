"""Texts, one file per provider."""
