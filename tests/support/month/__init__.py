"""A simulated month: four clinics, their patients and helpers, and workers that are killed at any moment."""
