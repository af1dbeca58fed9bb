"""What the paper prints, and our verdict by stated rules. Nothing here imports torch."""
