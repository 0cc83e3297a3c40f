"""The ways out. Each has one shape: hand over, and say in one of four words what is known afterwards."""
