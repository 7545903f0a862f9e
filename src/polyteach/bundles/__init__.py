"""Bundles: the figures of runs, screens and publications as small files that can be shared and merged."""
