"""Training: peak sequences and their shuffles enter, parameters of networks as plain arrays leave."""
