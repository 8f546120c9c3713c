"""The control room of a purchasing centre: every lot with its meter, who moved what, whom to remind."""
