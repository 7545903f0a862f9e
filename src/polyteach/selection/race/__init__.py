"""The race: real students at growing data scale, and who leaves it on the way."""
