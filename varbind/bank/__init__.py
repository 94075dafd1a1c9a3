"""Model banks in memory: cards, networks, the background, and the scale and the rarity of changes of binding."""
