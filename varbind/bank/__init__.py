"""Model banks in memory: cards, networks, background changes, null distributions and binding changes."""
