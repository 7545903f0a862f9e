"""What does not hold in the published figures, each finding computed from them, or cited."""
