"""Helpers that serve one chapter each."""
