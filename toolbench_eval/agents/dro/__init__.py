"""DRO: select passages, then answer."""
