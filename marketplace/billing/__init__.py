"""What is owed, by whom, to whom, and how it is paid: listing plans, fees and the one gateway to Stripe."""
