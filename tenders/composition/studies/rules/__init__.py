"""What a study looks at, what it finds, and what it says of what it leaves out."""
