"""LLv2: frames of LunarLander labelled with where the lander is."""
