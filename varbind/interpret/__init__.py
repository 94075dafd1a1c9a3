"""Looking into a network: which bases its score rests on."""
