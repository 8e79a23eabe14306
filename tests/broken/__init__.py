"""Forwards that fail as those of learners do, each with the line and the remedy that are right."""
