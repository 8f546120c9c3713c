"""What contracts decide: conclusion, frozen prices, activation."""
