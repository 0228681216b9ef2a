"""Tools: how the scripted model picks tools, fills their arguments and reads what they answer."""
