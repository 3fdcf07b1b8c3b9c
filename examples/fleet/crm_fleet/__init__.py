"""Company cars: which there are, who drives them, what they cost."""
