"""Bundles: the figures of runs, screens and publications as small files that can be shared and merged."""

from polyteach.bundles.bundle import Bundle, BundledCell, BundledTeacher
from polyteach.bundles.files import read, write
from polyteach.bundles.merge import Merged, merge

__all__ = ["Bundle", "BundledCell", "BundledTeacher", "Merged", "merge", "read", "write"]
