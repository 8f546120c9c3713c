"""The true-up of a contract at its term: who consumed what against what was committed, and who pays for what lacks."""
