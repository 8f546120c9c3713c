"""What an amendment may change and when, what it is worth, and which thresholds of the law it passes."""
