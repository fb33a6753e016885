"""Recipes that check the Python runtime from the inside."""
