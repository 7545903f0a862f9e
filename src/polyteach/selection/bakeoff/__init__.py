"""The bake-off: selectors held against teachers whose students were all trained."""
